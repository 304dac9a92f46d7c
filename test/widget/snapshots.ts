/** The gallery's own snapshots: what is tested is what can be looked at. */
export * from '../../demo/host/gallery/snapshots.ts';
