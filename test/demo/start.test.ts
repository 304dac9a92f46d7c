/** The demo as a process: it starts whole, stops whole, and says why when it cannot. */

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, watch } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { childEnvironment } from '../support/child-environment.ts';
import { BillhookProcess } from '../../demo/billhook-process.ts';
import { choosePorts } from '../../demo/ports.ts';
import { startDemo, type Demo } from '../../demo/start-demo.ts';

const entry = fileURLToPath(new URL('../../demo/start.ts', import.meta.url));
const anyPorts = { HOST_PORT: '0', BILLHOOK_PORT: '0', SANDBOX_PORT: '0' };

describe('pnpm demo', () => {
  let folder: string;
  let child: ChildProcess | null = null;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'demo-test-'));
  });
  afterEach(() => {
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs the demo with its temporary files where they can be counted. */
  function run(env: Record<string, string>) {
    const started = spawn(process.execPath, [entry], {
      env: { ...childEnvironment, TMPDIR: folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    let out = '';
    let err = '';
    const said = new Promise<string>((resolve, reject) => {
      started.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text;
        if (out.includes('Ctrl-C stops everything')) resolve(out);
      });
      started.once('exit', () => reject(new Error(`ended before it was ready: ${err}`)));
    });
    said.catch(() => {});
    started.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    const ended = new Promise<number | null>((resolve) => started.once('close', resolve));
    return { process: started, said, ended, errors: () => err };
  }

  const addressesIn = (text: string) => text.match(/http:\/\/localhost:\d+(?=\s{3})/g) ?? [];
  const billhookOf = (demo: ChildProcess) =>
    Number(execFileSync('pgrep', ['-P', String(demo.pid)], { encoding: 'utf8' }));
  const runs = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  it('B7: prints all addresses once they answer, and leaves no process or file behind', async () => {
    const demo = run(anyPorts);
    const addresses = addressesIn(await demo.said);
    expect(addresses).toHaveLength(3);
    const [host, billhook, sandbox] = addresses;
    const answers = await Promise.all(
      [`${host}/healthz`, `${billhook}/healthz`, `${sandbox}/sandbox/clock`].map((address) => fetch(address)),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(readdirSync(folder)).toHaveLength(1);

    const pid = billhookOf(demo.process);
    demo.process.kill('SIGTERM');
    expect(await demo.ended).toBe(0);
    expect(runs(pid)).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
    await Promise.all(addresses.map((address) => expect(fetch(address)).rejects.toThrow()));
  });

  it('stops at Ctrl-C even before it is ready', async () => {
    const begun = new Promise<void>((seen) => {
      const watcher = watch(folder, () => {
        watcher.close();
        seen();
      });
    });
    const demo = run(anyPorts);
    await begun;
    demo.process.kill('SIGINT');
    expect(await demo.ended).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('names a port that is taken, and ends', async () => {
    const other = createServer();
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
    const { port } = other.address() as AddressInfo;
    const demo = run({ ...anyPorts, BILLHOOK_PORT: String(port) });
    expect(await demo.ended).toBe(1);
    expect(demo.errors()).toBe(`demo: Port ${port} is taken by another program; BILLHOOK_PORT=0 takes any.\n`);
    expect(readdirSync(folder)).toEqual([]);
    await new Promise((closed) => other.close(closed));
  });

  it('reports when Billhook’s process dies, and ends', async () => {
    const demo = run(anyPorts);
    await demo.said;
    process.kill(billhookOf(demo.process), 'SIGKILL');
    expect(await demo.ended).toBe(1);
    expect(demo.errors()).toContain('Billhook has ended by itself (SIGKILL)');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses a live key', async () => {
    const demo = run({ ...anyPorts, STRIPE_SECRET_KEY: 'sk_live_1', STRIPE_WEBHOOK_SECRET: 'whsec_1' });
    expect(await demo.ended).toBe(1);
    expect(demo.errors()).toContain('live key');
  });
});

describe('startDemo', () => {
  let demo: Demo | null = null;
  afterEach(async () => await demo?.stop());

  const billingOf = async ({ hostUrl, billhookUrl }: Demo, account: string) => {
    const form = { method: 'POST', body: new URLSearchParams({ account }), headers: { origin: hostUrl } };
    const signedIn = await fetch(`${hostUrl}/sign-in`, { ...form, redirect: 'manual' });
    const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
    const { token } = (await (await fetch(`${hostUrl}/billing/token`, { headers: { cookie } })).json()) as {
      token: string;
    };
    // An answer that came before the first facts is no answer: it reads again, as a page does.
    for (;;) {
      const response = await fetch(`${billhookUrl}/v1/billing`, {
        headers: { authorization: `Bearer ${token}`, origin: hostUrl },
      });
      expect(response.headers.get('access-control-allow-origin')).toBe(hostUrl);
      const snapshot = (await response.json()) as { state: string; revision: string; offers: { id: string }[] };
      if (snapshot.state !== 'unknown') return snapshot;
    }
  };
  const sold = async (of: Demo, account: string) => (await billingOf(of, account)).offers.map(({ id }) => id);
  /** The server learns after its start what the offers cost, and sells nothing before. */
  const soldAtLast = async (of: Demo, account: string) => {
    for (;;) {
      const offers = await sold(of, account);
      if (offers.length > 0) return offers;
    }
  };

  it('shows every seeded account in its state, and keeps its ledger over a crash', async () => {
    demo = await startDemo({ hostPort: 0, billhookPort: 0, sandboxPort: 0, billhookHostname: '127.0.0.1' });
    expect(demo.billhookUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(demo.hostUrl).toMatch(/^http:\/\/localhost:\d+$/);
    const states = [];
    // oxlint-disable-next-line no-await-in-loop -- one person after the other
    for (const { id } of demo.accounts) states.push([id, (await billingOf(demo, id)).state]);
    expect(Object.fromEntries(states)).toEqual({
      'alder-works': 'active',
      'sakura-atelier': 'active',
      'granite-peak': 'active',
      'lighthouse-books': 'active',
      'stonebridge-surveyors': 'active',
      'copper-kettle': 'active',
      'juniper-labs': 'active',
      'northgate-logistics': 'processing',
      'harbour-studio': 'pastDue',
      'mill-lane-clinic': 'actionRequired',
      'old-pier-tours': 'restricted',
      'tin-roof-records': 'restricted',
      'sparrow-films': 'incomplete',
      'twin-oaks-group': 'pastDue',
      'fern-and-field': 'none',
      'orchard-row': 'trialing',
      'paper-lantern': 'trialing',
      'kite-and-co': 'paused',
      'blue-door-bakery': 'ending',
      'elm-street-press': 'ended',
    });

    const before = await billingOf(demo, 'harbour-studio');
    const pid = demo.billhook.pid;
    await demo.billhook.kill();
    expect(demo.billhook.pid).toBeNull();
    await demo.billhook.start();
    expect(demo.billhook.pid).not.toBe(pid);
    expect((await billingOf(demo, 'harbour-studio')).revision, 'the same epoch, no fetch needed').toBe(before.revision);
  });

  it('offers its plans to an account without one, or the configured ones', async () => {
    const anyPort = { hostPort: 0, billhookPort: 0, sandboxPort: 0 };
    demo = await startDemo(anyPort);
    const plans = ['starter_monthly', 'starter_yearly', 'team_monthly', 'business_yearly'];
    expect(await soldAtLast(demo, 'fern-and-field')).toEqual(plans);
    expect(await sold(demo, 'elm-street-press')).toEqual(plans);
    expect(await sold(demo, 'alder-works'), 'a second plan is not sold').toEqual([]);
    await demo.stop();
    demo = await startDemo({ ...anyPort, offers: ['team_monthly'] });
    expect(await soldAtLast(demo, 'fern-and-field')).toEqual(['team_monthly']);
    await demo.stop();
    demo = await startDemo({ ...anyPort, offers: [] });
    expect(await sold(demo, 'fern-and-field')).toEqual([]);
  });

  it('reports a BFF that ended, also where another program holds its port and never answers', async () => {
    // One that reads nothing would not see that its caller has gone.
    const silent = createServer((socket) => void socket.resume());
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
    const { port } = silent.address() as AddressInfo;
    const env = { ...childEnvironment, PORT: String(port) } as Record<string, string>;
    await expect(new BillhookProcess({ env, onDeath: () => {} }).start()).rejects.toThrow(/did not start: exit code 1/);
    await new Promise((closed) => silent.close(closed));
  });

  it('stops all its parts when one cannot start', async () => {
    const ports = await choosePorts({ hostPort: 0, billhookPort: 0, sandboxPort: 0 });
    await expect(startDemo({ ...ports, billhookUrl: 'ftp://bff.example' })).rejects.toThrow(
      /did not start: exit code 1/,
    );
    expect(await choosePorts(ports), 'all free again').toEqual(ports);
  });
});
