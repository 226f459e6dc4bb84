import { ApiError, DeadlineError } from './request.ts'
import { compareVersions, isNewer } from './version.ts'
import { StreamError } from './watch.ts'

/** What to ask the server next. */
export type Operation = 'watch-list' | 'list' | 'watch'

/** 401, 403, 404: the server lacks the kind or refuses it, which waiting does not heal. */
export const isRefusal = (error: unknown): error is ApiError =>
  error instanceof ApiError && [401, 403, 404].includes(error.httpStatus)

/** Answers about one version, rather than about the server's health, before that version is given up. */
const resumeTries = 3

/** From where the reflector goes on after each answer. */
export class Position {
  /** Where a watch goes on; undefined: list first. */
  resourceVersion: string | undefined
  /** What the next list may not be older than; undefined: a consistent read. */
  listFrom: string | undefined
  /** Why continuity was lost, until the next list has restored the view. */
  lost: string | undefined
  #newest = '0'
  #noWatchList = false
  #listNext = false
  #failedResumes = 0

  get next(): Operation {
    if (this.resourceVersion !== undefined) return 'watch'
    return this.#noWatchList || this.#listNext ? 'list' : 'watch-list'
  }

  /** A list as of this version is complete. Throws where the server's history has gone back. */
  listed(resourceVersion: string): void {
    if ((compareVersions(resourceVersion, this.#newest) ?? 0) < 0) {
      throw new Error(
        `got a list as of resourceVersion ${resourceVersion}, expected ${this.#newest} or later: a lagging server, or etcd was restored from a backup with its versions gone back: what is told of it from now on would count as older than what is known; then set AITIA_CLUSTER to another name`,
      )
    }
    this.#listNext = false
    this.#newest = resourceVersion
    this.resourceVersion = resourceVersion
  }

  /** The watch has come to this version; one that is not newer is a repeat and moves nothing. */
  reached(resourceVersion: string): void {
    this.#failedResumes = 0
    if (!isNewer(resourceVersion, this.resourceVersion!)) return
    this.#newest = resourceVersion
    this.resourceVersion = resourceVersion
  }

  failed(operation: Operation, error: Error): void {
    const status = error instanceof ApiError ? error.httpStatus : undefined
    if (status === 410 || (error instanceof ApiError && error.reason === 'Expired')) {
      if (this.resourceVersion !== undefined) this.#lose(error, undefined)
      this.listFrom = undefined
    } else if (this.resourceVersion === undefined) {
      // A WatchList that failed is followed by a list, and a list from a version by a consistent one.
      this.listFrom = undefined
      this.#listNext = operation === 'watch-list'
      const unknown =
        status === 400 || status === 422 || (error instanceof DeadlineError && error.deadline === 'initial')
      if (operation === 'watch-list' && unknown) this.#noWatchList = true
    } else if (isAboutVersion(error) && ++this.#failedResumes >= resumeTries) {
      this.#lose(error, this.resourceVersion)
    }
  }

  #lose(error: Error, listFrom: string | undefined): void {
    this.lost = error.message
    this.listFrom = listFrom
    this.resourceVersion = undefined
    this.#failedResumes = 0
  }
}

function isAboutVersion(error: Error): boolean {
  if (error instanceof StreamError) return true
  if (!(error instanceof ApiError)) return false
  const { httpStatus, message } = error
  // A version that this server has not reached, as after a restore: it answers 504 for as long as that lasts.
  if (message.includes('Too large resource version')) return true
  return httpStatus < 500 && ![401, 403, 404, 429].includes(httpStatus)
}
