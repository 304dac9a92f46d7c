/** Milliseconds since then. A clock that was put right meanwhile, in either direction, makes it long ago, and not never. */
export const since = (moment: number): number => Math.abs(Date.now() - moment);
