/** The demo's options from its environment, and the ports that it takes. */

import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { demoOptionsFrom } from '../../demo/demo-options.ts';
import { choosePorts } from '../../demo/ports.ts';

describe('the environment', () => {
  it('may be empty', () => {
    expect(demoOptionsFrom({})).toEqual({});
  });

  it('sets ports and addresses', () => {
    expect(demoOptionsFrom({ HOST_PORT: '0', BILLHOOK_PORT: '5001', BILLHOOK_URL: 'https://bff.example/' })).toEqual({
      hostPort: 0,
      billhookPort: 5001,
      billhookUrl: 'https://bff.example',
    });
  });

  it('M31: names a test account, and the customers there', () => {
    const told = demoOptionsFrom({
      STRIPE_SECRET_KEY: 'sk_test_1',
      STRIPE_WEBHOOK_SECRET: 'whsec_1',
      STRIPE_PORTAL_CONFIGURATION: 'bpc_1',
      DEMO_CUSTOMER_HARBOUR_STUDIO: 'cus_1',
    });
    expect(told.stripe).toEqual({
      secretKey: 'sk_test_1',
      webhookSecret: 'whsec_1',
      portalConfiguration: 'bpc_1',
      customers: { 'harbour-studio': 'cus_1' },
    });
  });

  it('L19: is refused with a live key, whatever its kind', () => {
    for (const key of ['sk_live_1', 'rk_live_1']) {
      const env = { STRIPE_SECRET_KEY: key, STRIPE_WEBHOOK_SECRET: 'whsec_1' };
      expect(() => demoOptionsFrom(env)).toThrow(/live key/);
    }
  });

  it('is refused with all problems at once', () => {
    const env = { HOST_PORT: '70000', SANDBOX_PORT: 'any', HOST_URL: 'localhost:4000', STRIPE_SECRET_KEY: 'sk_test_1' };
    expect(() => demoOptionsFrom(env)).toThrow(
      expect.objectContaining({
        code: 'demo_options_invalid',
        message: expect.stringMatching(
          /HOST_PORT.*\n.*SANDBOX_PORT.*\n.*HOST_URL.*\n.*STRIPE_WEBHOOK_SECRET.*stripe listen/,
        ),
      }),
    );
  });
});

describe('ports', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => new Promise((closed) => server.close(closed))));
  });
  const occupy = async (address: string): Promise<number> => {
    const server = createServer();
    servers.push(server);
    await new Promise<void>((listening) => server.listen(0, address, listening));
    return (server.address() as AddressInfo).port;
  };

  it('are three different ones where any is allowed', async () => {
    const { a, b, c } = await choosePorts({ a: 0, b: 0, c: 0 });
    expect(new Set([a, b, c]).size).toBe(3);
    expect(Math.min(a, b, c)).toBeGreaterThan(0);
  });

  it('that are taken are all named, with the variables that set them', async () => {
    const [host, sandbox] = [await occupy('127.0.0.1'), await occupy('127.0.0.1')];
    await expect(choosePorts({ HOST_PORT: host, BILLHOOK_PORT: 0, SANDBOX_PORT: sandbox })).rejects.toMatchObject({
      code: 'port_taken',
      ports: [host, sandbox],
      message: expect.stringMatching(new RegExp(`${host}.*HOST_PORT.*\n.*${sandbox}.*SANDBOX_PORT`)),
    });
  });

  it('are free again after the check', async () => {
    const { a } = await choosePorts({ a: 0 });
    expect(await choosePorts({ a })).toEqual({ a });
  });
});
