/** What the environment says of the machine for tests; nothing else in this folder reads it. */

/** The suite of Debian that its kernel comes from; undefined without AITIA_VM_SUITE. */
export const suite = process.env.AITIA_VM_SUITE || undefined

/** What holds of a command here holds of it there: where things are, and how it is to behave. */
export const passedOn: Readonly<Record<string, string | undefined>> = Object.fromEntries(
  ['PATH', 'HOME', 'XDG_CACHE_HOME', 'JAVA_HOME', 'KUBEBUILDER_ASSETS', 'CI', 'TZ', 'LANG'].map((name) => [
    name,
    process.env[name],
  ]),
)
