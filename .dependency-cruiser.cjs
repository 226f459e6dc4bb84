// Who may import whom, as the design's dependency diagram says. Tests may reach across: they build their own ground.
const notTests = '[.]test[.]ts$|/testing(/|[.]ts$)|^test/'
const projectFolders = '^(agent|api|deploy|graph|queries|test)/'

/** What lies below `from` imports, of this project, only itself and `allowed`. */
const only = (name, from, ...allowed) => ({
  name,
  comment: `${from} imports only ${[from, ...allowed].join(', ')}`,
  severity: 'error',
  from: { path: `^${from}/`, pathNot: notTests },
  to: { path: projectFolders, pathNot: [from, ...allowed].map((folder) => `^${folder}(/|$)`) },
})

/** A library that one folder alone knows, so that it can be replaced there. */
const library = (name, owner) => ({
  name: `only-${owner.split('/').pop()}-knows-${name.replace(/\W/g, '-')}`,
  severity: 'error',
  from: { path: projectFolders, pathNot: [`^${owner}/`, '^test/', '[.]test[.]ts$'] },
  to: { path: `node_modules/(${name})/` },
})

module.exports = {
  forbidden: [
    only('model', 'graph/model'),
    only('queue', 'graph/queue', 'graph/model'),
    only('store', 'graph/store', 'graph/model'),
    only('ingest', 'graph/ingest', 'graph/queue', 'graph/store', 'graph/model'),
    only('worker', 'graph/worker', 'graph/ingest', 'graph/queue', 'graph/store', 'graph/model'),
    only('agent', 'agent', 'graph/queue', 'graph/model'),
    only('reads', 'queries/reads', 'graph/store', 'graph/model'),
    only('engine', 'queries/engine', 'queries/reads', 'graph/ingest', 'graph/queue', 'graph/store', 'graph/model'),
    only('graphql', 'api/graphql', 'queries'),
    only('web', 'api/web', 'queries'),
    only('set-up', 'deploy'),
    {
      name: 'cli',
      comment: "api/cli composes: of other folders it imports their main.ts alone, and the set-up's servers",
      severity: 'error',
      from: { path: '^api/cli/', pathNot: notTests },
      to: {
        path: projectFolders,
        pathNot: ['^api/cli/', '/main[.]ts$', '^deploy/local/(neo4j|redis)[.]ts$'],
        dependencyTypesNot: ['pre-compilation-only'],
      },
    },
    {
      name: 'cli-is-lazy',
      comment: 'an agent image holds no Yoga and no Neo4j driver, so the CLI imports a folder when a command needs it',
      severity: 'error',
      from: { path: '^api/cli/', pathNot: notTests },
      to: { path: projectFolders, pathNot: '^api/cli/', dynamic: false, dependencyTypesNot: ['pre-compilation-only'] },
    },
    {
      name: 'collectors-stand-alone',
      comment: 'deleting one collector leaves a project that builds',
      severity: 'error',
      from: { path: '^agent/collectors/([^/]+)/', pathNot: '[.]test[.]ts$' },
      to: { path: '^agent/collectors/[^/]+/', pathNot: '^agent/collectors/$1/' },
    },
    {
      name: 'nobody-knows-a-collector',
      comment: 'collectors are found by being there',
      severity: 'error',
      from: { path: projectFolders, pathNot: ['^agent/collectors/', notTests] },
      to: { path: '^agent/collectors/[^/]+/' },
    },
    library('bullmq|ioredis', 'graph/queue'),
    library('neo4j-driver(-core)?', 'graph/store'),
    library('graphql-yoga', 'api/graphql'),
    {
      name: 'no-circles',
      comment: 'types alone may refer to each other',
      severity: 'error',
      from: { path: projectFolders },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['pre-compilation-only'] } },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'declared',
      comment: 'a package that package.json does not name is there by accident',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)build/' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
  },
}
