import { defineEvent } from '../define.ts'
import { SECOND } from '../time.ts'

export const specChanged = defineEvent({
  name: 'spec-changed',
  collector: 'kubernetes',
  doc: 'What is wanted of an object changed, found by comparing two sights of it. Of a workload that another one made (the ReplicaSet of a Deployment) the owner tells. Values of variables, commands, annotations and other texts that may hold a secret are never told.',
  hook: 'spec; of a Pod images, resources and scheduling gates, of a Node taints and unschedulable',
  about: ['Workload', 'Service', 'Node', 'Pod'],
  origin: 'api.object',
  delay: 2 * SECOND,
  compared: true,
  fields: {
    paths: {
      type: 'string[]',
      doc: 'What differs, as template.spec.containers[app].image: items of lists by their name, variables by theirs. Of more than 200 characters the rest is a digest. The first 16.',
    },
    before: {
      type: 'string[]',
      doc: 'The values before, in the order of `paths`: empty where there was none, `kept back` where it may hold a secret; cut at 200 characters.',
    },
    after: { type: 'string[]', doc: 'The values now, likewise.' },
    morePaths: { type: 'int', unit: 'count', optional: true, doc: 'How many more paths differ.' },
    generation: { type: 'int', optional: true, doc: 'metadata.generation now.' },
    previousGeneration: {
      type: 'int',
      optional: true,
      doc: 'metadata.generation of the sight before; more than one less where several changes were seen as one.',
    },
    manager: {
      type: 'string',
      optional: true,
      doc: 'Who wrote it, as managedFields names it: kubectl-client-side-apply, helm, kube-controller-manager, ...',
    },
    subresource: {
      type: 'string',
      optional: true,
      doc: 'Through what: scale (kubectl scale, an autoscaler), resize; absent for the object itself.',
    },
  },
})
