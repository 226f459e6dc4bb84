/** What keeps the API safe where it is reached by more than its owner: each limit refuses with what was got and what is allowed. */
import { costLimitPlugin, costLimitRule } from '@escape.tech/graphql-armor-cost-limit'
import { maxDepthPlugin } from '@escape.tech/graphql-armor-max-depth'
import {
  BREAK,
  GraphQLError,
  getOperationAST,
  getVariableValues,
  Kind,
  type ValidationRule,
  validate,
  visit,
} from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { TIME } from './bounds.ts'
import type { Context } from './context.ts'

/** Deep enough for incident, occurrence, verdict, evidence, event and five links of causes with their object's state. */
const DEPTH = 24
/** Fields with their depth; the greatest sensible question costs a tenth. */
const COST = 50_000
/** Bytes of a request. */
export const BODY = 100_000

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/

const refusal = (status: number, message: string): Response => Response.json({ errors: [{ message }] }, { status })

/**
 * JSON by POST only: a page of another origin can't send that without being asked first, and there is no CORS to allow it.
 * The Host must be this machine's: a name that was made to point here (DNS rebinding) is refused.
 */
const onlyJsonFromHere = (anyHost: boolean): Plugin => ({
  onRequest: ({ request, url, endResponse }) => {
    const host = request.headers.get('host') ?? url.host
    if (!anyHost && !LOOPBACK.test(host))
      return endResponse(refusal(403, `Host is ${host}, expected 127.0.0.1 or localhost`) as never)
    // What is served without a body: /ready by the next plugin; /health and GraphiQL were answered before. No other path is let
    // through: Yoga takes a request for its own if the path has a slash more, or if only the query ends in /graphql.
    if (url.pathname === '/ready') return
    if (request.method !== 'POST')
      return endResponse(
        refusal(
          405,
          `got ${request.method}, expected a POST of JSON to /graphql; \`aitia api --explore\` serves GraphiQL`,
        ) as never,
      )
    const type = request.headers.get('content-type') ?? 'none'
    if (!/^application\/json(\s*;|$)/i.test(type))
      endResponse(refusal(415, `got content type ${type}, expected application/json`) as never)
  },
})

const timeLimit: Plugin = {
  onExecute: ({ executeFn, setExecuteFn }) => {
    setExecuteFn((args) => {
      const { over } = args.contextValue as Context
      let timer: NodeJS.Timeout | undefined
      const late = new Promise((_, reject) => {
        timer = setTimeout(() => {
          const error = new GraphQLError(`took longer than ${TIME / 1000} s: ask for less`)
          over.abort(error)
          reject(error)
        }, TIME)
      })
      return Promise.race([executeFn(args), late]).finally(() => {
        clearTimeout(timer)
        // Where an error took a whole branch of the answer with it, the rest of that is still being read.
        over.abort()
      })
    })
  },
}

/** The plugins call it a syntax error, and a cost has fractions. */
const refused =
  (what: string, most: number) =>
  (_: unknown, error: GraphQLError): never => {
    const found = Math.ceil(Number.parseFloat(/found ([\d.e+]+)/.exec(error.message)?.[1] ?? ''))
    throw new GraphQLError(`${what} is ${found}, expected at most ${most}: ask for less at once`)
  }

const costLimit = {
  maxCost: COST,
  depthCostFactor: 1.2,
  onReject: [refused('the cost of the request (its fields, weighed with depth and pages)', COST)],
}

/**
 * A page's size may be a variable, which the plugin takes for 1: validation has no values, and its result is kept for all of them. So
 * what is asked is weighed again with its values in place.
 */
const costOfVariables: Plugin = {
  onExecute: ({ args: { schema, document, operationName, variableValues } }) => {
    const definitions = getOperationAST(document, operationName)?.variableDefinitions ?? []
    // Values of wrong types are refused by the execution, with words of its own.
    const { coerced = {} } = getVariableValues(schema, definitions, variableValues ?? {})
    const filled = visit(document, {
      Argument: ({ name, value, ...argument }) => {
        const size = value.kind === Kind.VARIABLE && name.value === 'first' ? coerced[value.name.value] : undefined
        if (typeof size !== 'number') return undefined
        return { ...argument, name, value: { kind: Kind.INT, value: String(size) } }
      },
    })
    if (filled !== document) validate(schema, filled, [costLimitRule(costLimit) as ValidationRule])
  },
}

/** One error, whatever the number of fields, that says how to get what is asked for. */
const noIntrospection: ValidationRule = (context) => ({
  Field: ({ name: { value: name } }) => {
    if (name !== '__schema' && name !== '__type') return undefined
    context.reportError(
      new GraphQLError(`introspection (${name}) is off. \`aitia api --explore\` serves it; api/graphql has the schema`),
    )
    return BREAK
  },
})

export const limits = (options: { explore: boolean; anyHost: boolean }): Plugin[] => [
  onlyJsonFromHere(options.anyHost),
  timeLimit,
  maxDepthPlugin({ n: DEPTH, onReject: [refused('the depth of the request', DEPTH)] }) as Plugin,
  costLimitPlugin(costLimit) as Plugin,
  costOfVariables,
  ...(options.explore ? [] : [{ onValidate: ({ addValidationRule }) => addValidationRule(noIntrospection) } as Plugin]),
]
