/** The gallery's own snapshots: tests use the same ones that the gallery shows. */
export * from '../../demo/host/gallery/snapshots.ts';
