/** Kernel records: the C header for bpf/ with static asserts, and the decoder that reads the same layout from a DataView. */
import type { Wire, WireType } from '../define.ts'
import type { Model } from './model.ts'
import { camelCase, GENERATED, pascalCase, snakeCase, upperCase } from './names.ts'
import type { Output } from './outputs.ts'

/** Every record starts with it; the boot clock stamp and the per-CPU sequence make the event's id and order. */
const HEADER: Wire = {
  kind: { type: 'u16', doc: 'One of AITIA_KIND_*.' },
  size: { type: 'u16', doc: 'Size of the record with the header, in bytes.' },
  cpu: { type: 'u32', doc: 'CPU that wrote it.' },
  sequence: { type: 'u64', doc: 'Count of records of that CPU, kept over restarts of the agent.' },
  bootNs: { type: 'u64', doc: 'bpf_ktime_get_boot_ns.' },
  cgroupId: { type: 'u64', doc: 'Cgroup that the record is about.' },
}

interface Member {
  readonly name: string
  readonly doc: string
  readonly type: WireType
  readonly offset: number
  readonly size: number
}

const width = (type: WireType): { size: number; align: number } => {
  if (type.startsWith('char[')) return { size: Number(type.slice(5, -1)), align: 1 }
  const size = Number(type.slice(1)) / 8
  return { size, align: size }
}

/** Members in the order given with C's own padding; the size is a multiple of 8. */
const layOut = (wire: Wire, start: number): { members: Member[]; size: number } => {
  let offset = start
  const members = Object.entries(wire).map(([name, { type, doc }]) => {
    const { size, align } = width(type)
    offset = Math.ceil(offset / align) * align
    const member = { name, doc, type, offset, size }
    offset += size
    return member
  })
  return { members, size: Math.ceil(offset / 8) * 8 }
}

const C_TYPES: Record<string, string> = { u8: '__u8', u16: '__u16', u32: '__u32', u64: '__u64', s32: '__s32' }

const cMember = ({ name, type, size, doc }: Member): string =>
  type.startsWith('char[')
    ? `\tchar ${snakeCase(name)}[${size}]; /* ${doc} */`
    : `\t${C_TYPES[type]} ${snakeCase(name)}; /* ${doc} */`

const header = layOut(HEADER, 0)

const structOf = (name: string): string => `aitia_${snakeCase(name)}`

/** As the addon tells them from the BTF of an object. */
const layoutOf = (name: string, members: Member[], size: number): string[] => [
  `  ${structOf(name)}: '${size} bytes',`,
  ...members.map((m) => `  '${structOf(name)}.${snakeCase(m.name)}': '${C_TYPES[m.type] ?? m.type} at ${m.offset}',`),
]

const cStruct = (name: string, members: Member[], size: number, withHeader: boolean): string => {
  const struct = structOf(name)
  const end = members.at(-1)
  const used = end === undefined ? header.size : end.offset + end.size
  const lines = [
    `struct ${struct} {`,
    ...(withHeader ? ['\tstruct aitia_header header;'] : []),
    ...members.map(cMember),
    ...(size > used ? [`\t__u8 padding[${size - used}];`] : []),
    '};',
    `_Static_assert(sizeof(struct ${struct}) == ${size}, "${struct}: size");`,
    ...members.map(
      (m) =>
        `_Static_assert(__builtin_offsetof(struct ${struct}, ${snakeCase(m.name)}) == ${m.offset}, "${struct}.${snakeCase(m.name)}");`,
    ),
  ]
  return lines.join('\n')
}

const readers: Record<string, (offset: string) => string> = {
  u8: (o) => `view.getUint8(${o})`,
  u16: (o) => `view.getUint16(${o}, true)`,
  u32: (o) => `view.getUint32(${o}, true)`,
  s32: (o) => `view.getInt32(${o}, true)`,
  u64: (o) => `u64(view, ${o})`,
}

const read = ({ type, offset, size }: Member): string => {
  const at = offset === 0 ? 'offset' : `offset + ${offset}`
  return type.startsWith('char[') ? `text(view, ${at}, ${size})` : (readers[type]?.(at) ?? '')
}

const decoder = (name: string, doc: string, members: Member[]): string => {
  const type = `${pascalCase(name)}Record`
  const isText = (m: Member) => m.type.startsWith('char[')
  if (members.length === 0) return ''
  return [
    `/** ${doc} */`,
    `export interface ${type} {`,
    ...members.map((m) => `  /** ${m.doc} */\n  readonly ${m.name}: ${isText(m) ? 'string' : 'number'}`),
    '}',
    `export const decode${pascalCase(name)} = (view: DataView, offset: number): ${type} => ({`,
    ...members.map((m) => `  ${m.name}: ${read(m)},`),
    '})',
  ].join('\n')
}

export default (model: Model): Output[] => {
  const kinds = [...model.events.filter((kind) => kind.wire !== undefined), ...model.records]
    .map((kind) => ({ name: kind.name, doc: kind.doc, ...layOut(kind.wire ?? {}, header.size) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const c = [
    '/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */',
    `/* ${GENERATED} */`,
    '#ifndef AITIA_EVENTS_H\n#define AITIA_EVENTS_H',
    '#include "aitia_types.h"',
    `enum aitia_kind {\n${kinds.map((kind, index) => `\tAITIA_KIND_${upperCase(kind.name)} = ${index + 1},`).join('\n')}\n};`,
    cStruct('header', header.members, header.size, false),
    ...kinds.map((kind) => `/* ${kind.doc} */\n${cStruct(kind.name, kind.members, kind.size, true)}`),
    [
      '/* All that a record can be. */',
      'union aitia_records {',
      '\tenum aitia_kind kind;',
      ...kinds.map(({ name }) => `\tstruct ${structOf(name)} ${snakeCase(name)};`),
      '};',
    ].join('\n'),
    '#endif\n',
  ].join('\n\n')
  const typescript = [
    `// ${GENERATED}`,
    [
      'const u64 = (view: DataView, offset: number): number => view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 4294967296',
      'const decoder = new TextDecoder()',
      'const text = (view: DataView, offset: number, size: number): string => {',
      '  let end = offset',
      '  while (end < offset + size && view.getUint8(end) !== 0) end++',
      '  return decoder.decode(new Uint8Array(view.buffer, view.byteOffset + offset, end - offset))',
      '}',
    ].join('\n'),
    `/** Number and size (bytes, header included) of each kernel record. */\nexport const RECORDS = {\n${kinds.map((kind, index) => `  '${kind.name}': { kind: ${index + 1}, size: ${kind.size} },`).join('\n')}\n} as const`,
    `export const HEADER_SIZE = ${header.size}`,
    [
      '/** What the BTF of an object that was built from this model says: numbers of the kinds, bytes of each record, type and place of each member. */',
      'export const LAYOUT: Readonly<Record<string, string>> = {',
      ...kinds.map(({ name }, index) => `  AITIA_KIND_${upperCase(name)}: '${index + 1}',`),
      ...layoutOf('header', header.members, header.size),
      ...kinds.flatMap(({ name, members, size }) => layoutOf(name, members, size)),
      '}',
    ].join('\n'),
    decoder('header', 'What every record starts with.', header.members),
    ...kinds.map((kind) => decoder(kind.name, kind.doc, kind.members)).filter((part) => part !== ''),
    `/** Names of the kinds by their number. */\nexport const RECORD_NAMES = [${["''", ...kinds.map((kind) => `'${camelCase(kind.name)}'`)].join(', ')}] as const`,
    '',
  ].join('\n\n')
  return [
    { path: 'bpf/include/events.h', text: c },
    { path: 'graph/model/generated/wire.ts', text: typescript },
  ]
}
