import { choosePorts } from '../../demo/ports.ts';

/** A port for a server that is told its address before it listens. No system gives it to another program meanwhile. */
export async function freePort(): Promise<number> {
  return (await choosePorts({ any: 0 })).any;
}
