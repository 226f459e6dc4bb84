/** The embedded Redis: the queue's store on this machine, on loopback. */
import { mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import { givenRedisUrl } from './config.ts'
import { choosePorts, makePassword, passwordOf, portsOf, runServer, type Server, writeWhole } from './server.ts'

/** `url` holds the password. */
export type RunningRedis = Server & { readonly url: string }

/**
 * Starts Redis on `dataDir` (made if it is not there) and resolves when it answers. What it has acknowledged survives a
 * kill: the append-only file is written before the reply and synced every second, so only a power cut costs a second.
 * Without `port` it takes the one it had on this folder last time, else any free one. Loopback is everybody's on this machine, so
 * it answers to a password alone, which is made once and kept in `dataDir/password`, for its owner's eyes only.
 */
export async function startRedis(options: { dataDir: string; port?: number }): Promise<RunningRedis> {
  const dir = resolve(options.dataDir)
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const port = () => portsOf<'redis'>(dir).redis
  const server = await runServer({
    name: 'Redis',
    dir,
    async command() {
      makePassword(dir)
      const ports = await choosePorts(dir, { redis: options.port })
      writeWhole(join(dir, 'redis.conf'), settings(dir, ports.redis, passwordOf(dir)))
      return { file: 'redis-server', args: [join(dir, 'redis.conf')] }
    },
    ready: () => answersPing(port(), passwordOf(dir)),
  })
  return { ...server, url: `redis://:${encodeURIComponent(passwordOf(dir))}@127.0.0.1:${port()}` }
}

/** The Redis that AITIA_REDIS_URL names, which nobody here stops; else one of our own. */
export async function findOrStartRedis(options: Parameters<typeof startRedis>[0]) {
  return givenRedisUrl ? { url: givenRedisUrl, stop: async () => {} } : startRedis(options)
}

const settings = (dir: string, port: number, password: string) => `# Written at each start.
bind 127.0.0.1
protected-mode yes
port ${port}
requirepass ${JSON.stringify(password)}
dir ${JSON.stringify(dir)}
appendonly yes
appendfsync everysec
save ""
# A queue must refuse what it can't hold, never drop what it has taken.
maxmemory 512mb
maxmemory-policy noeviction
`

/** Redis refuses commands with -LOADING until it has read its files back, so only +PONG will do. */
function answersPing(port: number, password: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`AUTH ${JSON.stringify(password)}\r\nPING\r\n`))
    const finish = (answer: boolean) => {
      socket.destroy()
      done(answer)
    }
    let answers = ''
    socket.on('data', (data) => {
      answers += data
      if (answers.split('\r\n').length > 2) finish(answers === '+OK\r\n+PONG\r\n')
    })
    socket.once('error', () => finish(false))
    socket.setTimeout(2000, () => finish(false))
  })
}
