/** Arguments that are left out come as undefined, those that are null as null: a read knows only the one. */
export const given = <T extends object>(args: T): T =>
  Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null && value !== undefined)) as T
