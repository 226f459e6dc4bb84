/** Timestamp, Long, Map and Value: what GraphQL has no type for. */
import { GraphQLError, GraphQLScalarType, Kind, valueFromASTUntyped } from 'graphql'
import { fromRfc3339, toRfc3339 } from '../../queries/reads/main.ts'

const refuse = (value: unknown, expected: string): never => {
  throw new GraphQLError(`got ${JSON.stringify(value)}, expected ${expected}`)
}

const STAMP = 'a time as RFC 3339, such as 2026-11-24T14:02:10.812043Z'
const parseTime = (value: unknown): number =>
  (typeof value === 'string' ? fromRfc3339(value) : null) ?? refuse(value, STAMP)

const timestamp = new GraphQLScalarType<number, string>({
  name: 'Timestamp',
  serialize: (value) => (typeof value === 'number' ? toRfc3339(value) : refuse(value, 'µs since the epoch')),
  parseValue: parseTime,
  parseLiteral: (node) => parseTime(node.kind === Kind.STRING ? node.value : valueFromASTUntyped(node)),
})

const whole = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) ? value : refuse(value, 'a whole number up to 2^53')

const long = new GraphQLScalarType<number, number>({
  name: 'Long',
  serialize: whole,
  parseValue: whole,
  parseLiteral: (node) =>
    node.kind === Kind.INT ? whole(Number(node.value)) : refuse(valueFromASTUntyped(node), 'a whole number'),
})

/** Only ever sent. */
const map = new GraphQLScalarType<never, object>({
  name: 'Map',
  serialize: (value) => (typeof value === 'object' && value !== null ? value : refuse(value, 'an object')),
  parseValue: (value) => refuse(value, 'nothing: a Map is no input'),
  parseLiteral: (node) => refuse(valueFromASTUntyped(node), 'nothing: a Map is no input'),
})

/** Only ever sent. */
const value = new GraphQLScalarType<never, unknown>({
  name: 'Value',
  serialize: (sent) => sent,
  parseValue: (sent) => refuse(sent, 'nothing: a Value is no input'),
  parseLiteral: (node) => refuse(valueFromASTUntyped(node), 'nothing: a Value is no input'),
})

export const scalars = { Timestamp: timestamp, Long: long, Map: map, Value: value }
