import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LANES } from '../../graph/model/batch.ts'
import { SECOND } from '../../graph/model/time.ts'
import { type Coverage, IDLE_AFTER, watchingOf } from './coverage.ts'

const session = (source: string, name: string, from: number, to: number, more: Partial<Coverage> = {}): Coverage[] =>
  Array.from({ length: LANES }, (_, lane) => ({
    id: `${source}/${name}/${lane}`,
    source,
    session: name,
    lane,
    from,
    to,
    ended: false,
    heardAt: to,
    blind: [],
    ...more,
  }))

const s = (seconds: number): number => seconds * SECOND

describe('what a source watched', () => {
  it('is its sessions, joined where they touch, without gaps and losses', () => {
    const watching = watchingOf(
      [
        ...session('ebpf@h', 'a', 0, s(10)),
        ...session('ebpf@h', 'b', s(10), s(20)),
        ...session('ebpf@h', 'c', s(30), s(40)),
      ],
      [{ id: 'g', hole: 'gap', source: 'ebpf@h', from: s(4), to: s(5), what: 'restart', kinds: null }],
    )
    assert.equal(watching.blindness('ebpf@h', 'oom-kill', { from: s(6), to: s(18) }), null)
    assert.equal(watching.blindness('ebpf@h', 'oom-kill', { from: s(18), to: s(32) }), 'was not watching')
    assert.equal(watching.blindness('ebpf@h', 'oom-kill', { from: s(1), to: s(8) }), 'had a gap: restart')
    assert.equal(watching.blindness('systemd@h', 'oom-kill', { from: 0, to: 1 }), 'was never heard of')
  })

  it('is told apart by kind: what it can not see, and what a gap or loss concerns', () => {
    const hole = { id: 'g', hole: 'gap', source: 'ebpf@h', from: s(4), to: s(5), what: 'refused' } as const
    const watching = watchingOf(session('ebpf@h', 'a', 0, s(10), { blind: ['process-exit'] }), [
      { ...hole, kinds: ['memory-pressure'] },
    ])
    const span = { from: s(1), to: s(8) }
    assert.equal(watching.blindness('ebpf@h', 'oom-kill', span), null)
    assert.equal(watching.blindness('ebpf@h', 'process-exit', span), "can't see process-exit")
    assert.equal(watching.blindness('ebpf@h', 'memory-pressure', span), 'had a gap: refused')
  })

  it('is nothing as long as one lane has not heard of the session', () => {
    const watching = watchingOf(session('ebpf@h', 'a', 0, s(10)).slice(1), [])
    assert.equal(watching.blindness('ebpf@h', 'oom-kill', { from: s(1), to: s(2) }), 'was not watching')
    assert.equal(watching.settled('ebpf@h', s(1)), false)
  })

  it('ends where the slowest lane is', () => {
    const slow = session('ebpf@h', 'a', 0, s(10)).map((each, index) => (index === 3 ? { ...each, to: s(5) } : each))
    const watching = watchingOf(slow, [])
    assert.equal(watching.settled('ebpf@h', s(5)), true)
    assert.equal(watching.settled('ebpf@h', s(6)), false)
  })
})

describe('a verdict waits for a source', () => {
  it('until its watermark has passed, or its stream has ended', () => {
    assert.equal(watchingOf(session('ebpf@h', 'a', 0, s(10)), []).settled('ebpf@h', s(11)), false)
    const ended = watchingOf(session('ebpf@h', 'a', 0, s(10), { ended: true }), [])
    assert.equal(ended.settled('ebpf@h', s(11)), true)
    assert.equal(ended.blindness('ebpf@h', 'oom-kill', { from: s(9), to: s(11) }), 'was not watching')
  })

  it('but not for one that is idle, and takes no negative from it', () => {
    const coverages = [...session('kubernetes@cluster', 'a', 0, s(5)), ...session('ebpf@h', 'a', 0, s(20) + IDLE_AFTER)]
    const watching = watchingOf(coverages, [])
    assert.equal(watching.settled('kubernetes@cluster', s(20)), true)
    assert.equal(watching.settled('kubernetes@cluster', s(21)), false)
    assert.equal(watching.settled('systemd@h', s(20)), true)
    assert.equal(watching.blindness('kubernetes@cluster', 'oom-kill', { from: s(4), to: s(20) }), 'was not watching')
  })

  it('not even where another one claims to be ahead of the clock', () => {
    const coverages = [...session('kubernetes@cluster', 'a', 0, s(5)), ...session('ebpf@h', 'a', 0, s(900))]
    const clock = s(30)
    assert.equal(watchingOf(coverages, [], clock).settled('kubernetes@cluster', s(20)), false)
    assert.equal(watchingOf(coverages, [], s(20) + IDLE_AFTER).settled('kubernetes@cluster', s(20)), true)
  })

  it('and one that has ended makes no other idle, until all have', () => {
    const ended = session('ebpf@h', 'a', 0, s(10), { ended: true })
    const open = session('kubernetes@cluster', 'a', 0, s(8))
    assert.equal(watchingOf([...ended, ...open], []).settled('kubernetes@cluster', s(9)), false)
    const closed = open.map((each) => ({ ...each, ended: true }))
    assert.equal(watchingOf([...ended, ...closed], []).settled('systemd@h', s(9)), true)
  })

  it('however its sessions overlap: of two replicas either may tell', () => {
    const [first, second] = [
      session('kubernetes@cluster', 'a', 0, s(10)),
      session('kubernetes@cluster', 'b', s(4), s(20)),
    ]
    const watching = watchingOf([...first, ...second], [])
    assert.equal(watching.settled('kubernetes@cluster', s(20)), true)
    assert.equal(watching.blindness('kubernetes@cluster', 'pod-created', { from: s(1), to: s(19) }), null)
    // The first, which was paused, tells again; the second is gone.
    const again = watchingOf([...session('kubernetes@cluster', 'a', 0, s(30)), ...second], [])
    assert.equal(again.settled('kubernetes@cluster', s(30)), true)
    assert.equal(again.blindness('kubernetes@cluster', 'pod-created', { from: s(1), to: s(29) }), null)
  })

  it('that was started again after its stream had ended', () => {
    const coverages = [...session('ebpf@h', 'a', 0, s(10), { ended: true }), ...session('ebpf@h', 'b', s(30), s(40))]
    assert.equal(watchingOf(coverages, []).settled('ebpf@h', s(41)), false)
  })
})
