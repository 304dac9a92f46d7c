/** Doubts about a link, and what an operator decides. */

import { describe, expect, it } from 'vitest';
import { isDoubtful } from '../../server/src/ledger/links.ts';
import { acme, factsWith, lease, t0, type ContractHarness } from './harness.ts';

const other = { host: 'acme', account: 'team_2' };

/** A collation, a case folding, a trim or a normal form would take two of these for one. */
const alike: readonly string[] = [
  [
    'é',
    'e\u0301',
    'team_1',
    'TEAM_1',
    'team_1 ',
    ' team_1',
    'team_1\t',
    'team\u200b_1',
    'team_\uff11',
    '\u00c5',
    '\u212b',
  ],
  ['ß', 'ss', 'SS', '\ufb01', 'fi', 'ı', 'i', 'İ', '🦋', '%', '_', '*', '\\', "'", '"', '0', '00', '0.0', '1e0'],
  ['__proto__', 'constructor', 'toString', 'null', 'NULL', 'undefined', '{}', "'; DROP TABLE links; --"],
].flat();

export function linksContract(harness: ContractHarness): void {
  it('names that look alike are accounts of their own', async () => {
    const { store } = harness;
    const customers = new Map(alike.map((account, at) => [account, `cus_alike_${at}`]));
    expect(customers.size).toBe(alike.length);
    for (const [account, customer] of customers)
      expect(await store.link({ host: 'acme', account }, customer, t0), JSON.stringify(account)).toBe('linked');
    for (const [account, customer] of customers)
      expect((await store.findAccount({ host: 'acme', account }))?.customer, JSON.stringify(account)).toBe(customer);
  });

  describe('an introduction that was not carried out', () => {
    it('is noted once, is seen again, and says since when', async () => {
      const { store } = harness;
      expect(await store.readAccount(acme)).toEqual({ record: null, introduced: null, revision: 0 });
      await store.link(acme, 'cus_1', t0);
      await store.noteIntroduction(acme, 'cus_2', 'accountTaken', t0, t0);
      await store.noteIntroduction(acme, 'cus_2', 'accountTaken', t0, t0 + 9);
      const { record, introduced } = await (await harness.open()).readAccount(acme);
      expect(record?.customer).toBe('cus_1');
      expect(introduced).toEqual({
        customer: 'cus_2',
        code: 'accountTaken',
        since: t0,
        seenAt: t0 + 9,
        checkedAt: t0,
      });
      expect(isDoubtful(introduced)).toBe(true);
      expect((await store.readAccount(other)).introduced).toBeNull();
      expect(isDoubtful(null)).toBe(false);
    });

    it('begins anew with another customer or another answer, and ends', async () => {
      const { store } = harness;
      await store.noteIntroduction(acme, 'cus_2', 'stripe_customer_missing', t0, t0);
      await store.noteIntroduction(acme, 'cus_2', 'customerTaken', t0 + 1, t0 + 1);
      expect((await store.readAccount(acme)).introduced).toMatchObject({ code: 'customerTaken', since: t0 + 1 });
      await store.noteIntroduction(acme, 'cus_3', 'customerTaken', t0 + 2, t0 + 2);
      expect((await store.readAccount(acme)).introduced).toMatchObject({ customer: 'cus_3', since: t0 + 2 });
      await store.forgetIntroduction(acme);
      expect((await store.readAccount(acme)).introduced).toBeNull();
    });

    it('is counted, unless the introduced customer is deleted; the oldest is named first', async () => {
      const { store } = harness;
      await store.link(acme, 'cus_1', t0);
      await store.noteIntroduction(other, 'cus_1', 'customerTaken', t0 + 5, t0 + 5);
      await store.noteIntroduction(acme, 'cus_2', 'accountTaken', t0, t0);
      await store.noteIntroduction({ host: 'acme', account: 'team_3' }, 'cus_3', 'customerDeleted', t0, t0);
      const found = { ...acme, customer: 'cus_1', introduced: 'cus_2', code: 'accountTaken' };
      expect(await store.doubtfulAccounts(1)).toEqual({ count: 2, accounts: [found] });
      const second = { ...other, customer: null, introduced: 'cus_1', code: 'customerTaken' };
      expect((await store.doubtfulAccounts(9)).accounts).toEqual([found, second]);
      expect(isDoubtful((await store.readAccount({ host: 'acme', account: 'team_3' })).introduced)).toBe(false);
    });

    it('is forgotten with what is old, when it is not introduced any more', async () => {
      await harness.store.noteIntroduction(acme, 'cus_2', 'accountTaken', t0, t0);
      await harness.store.prune(t0);
      expect((await harness.store.readAccount(acme)).introduced).not.toBeNull();
      await harness.store.prune(t0 + 1);
      expect((await harness.store.readAccount(acme)).introduced).toBeNull();
    });
  });

  describe('an operator', () => {
    const changed = (outcome: string, before: string | null, owner: object | null = null) => ({
      outcome,
      before,
      owner,
    });

    it('links, keeps, and replaces only when told to', async () => {
      const { store } = harness;
      expect(await store.changeLink(acme, 'cus_1', false, t0)).toEqual(changed('linked', null));
      expect(await store.changeLink(acme, 'cus_1', true, t0 + 1)).toEqual(changed('alreadyLinked', 'cus_1', acme));
      expect(await store.changeLink(acme, 'cus_2', false, t0 + 2)).toEqual(changed('accountTaken', 'cus_1'));
      expect((await store.readAccount(acme)).record?.customer).toBe('cus_1');
      expect(await store.changeLink(acme, 'cus_2', true, t0 + 3)).toEqual(changed('replaced', 'cus_1'));
      expect(await store.findAccount(acme)).toMatchObject({
        customer: 'cus_2',
        ticket: 1,
        syncedTicket: 0,
        facts: null,
      });
      expect(await store.customersAmong(['cus_1'])).toEqual([]);
    });

    it('confirms a link, and everything known of its customer stays', async () => {
      const { store } = harness;
      await store.link(acme, 'cus_1', t0);
      await harness.syncOnce(factsWith(), t0);
      const before = await store.findAccount(acme);
      expect(await store.changeLink(acme, 'cus_1', true, t0 + 1)).toEqual(changed('alreadyLinked', 'cus_1', acme));
      expect(await store.findAccount(acme)).toEqual(before);
      expect(await store.factsAt('cus_1', 1)).toEqual(factsWith());
    });

    it('takes no customer from another account, and links no tombstone', async () => {
      const { store } = harness;
      await store.link(acme, 'cus_1', t0);
      expect(await store.changeLink(other, 'cus_1', true, t0)).toEqual(changed('customerTaken', null, acme));
      const namesake = { ...acme, host: 'other' };
      expect(await store.changeLink(namesake, 'cus_1', true, t0)).toEqual(changed('customerTaken', null, acme));
      await harness.syncOnce(factsWith({ deleted: true }), t0);
      expect(await store.changeLink(other, 'cus_1', true, t0)).toEqual(changed('customerDeleted', null, acme));
      expect(await store.changeLink(acme, null, false, t0)).toMatchObject({ outcome: 'notLinked' });
    });

    it('moves a customer to another account: nothing of the first one’s is left with it', async () => {
      const { store } = harness;
      await store.link(acme, 'cus_1', t0);
      await harness.syncOnce(factsWith(), t0);
      const visit = { ...acme, id: 'v', customer: 'cus_1', kind: 'portal', seen: 1, openedAt: t0 } as const;
      await store.openVisit({ ...visit, expiresAt: t0 + lease });
      await store.noteIntroduction(other, 'cus_1', 'customerTaken', t0, t0);
      expect(await store.changeLink(acme, null, false, t0 + 1)).toEqual(changed('unlinked', 'cus_1'));
      expect(await store.readAccount(acme)).toEqual({ record: null, introduced: null, revision: 2 });
      expect(await store.findVisit('v', acme, t0 + 2)).toBeNull();
      expect((await store.readAccount(other)).introduced, 'the doubt is over').toBeNull();

      expect(await store.link(other, 'cus_1', t0 + 2)).toBe('linked');
      expect(await store.findAccount(other)).toMatchObject({ revision: 0, facts: null });
      await harness.syncOnce(factsWith(), t0 + 3);
      expect(await store.findAccount(other)).toMatchObject({ revision: 1 });
    });

    it('never lets the account’s revision step back', async () => {
      const { store } = harness;
      await store.link(acme, 'cus_1', t0);
      await harness.syncOnce(factsWith(), t0);
      await store.changeLink(acme, 'cus_2', true, t0 + 1);
      expect((await store.readAccount(acme)).revision).toBe(2);
      await harness.syncOnce(factsWith(), t0 + 2);
      await store.changeLink(acme, 'cus_2', false, t0 + 2);
      await store.changeLink(acme, null, false, t0 + 3);
      expect((await store.readAccount(acme)).revision).toBe(4);
      await store.changeLink(acme, 'cus_3', false, t0 + 4);
      expect((await store.readAccount(acme)).revision).toBe(5);
      await store.changeLink(acme, null, false, t0 + 5);
      await store.link(acme, 'cus_4', t0 + 6);
      expect((await store.readAccount(acme)).revision).toBe(6);
    });

    it('ends the doubt, the last Checkout and the key of the customer that was', async () => {
      const { store } = harness;
      await store.intendCustomer(acme, t0);
      await store.link(acme, 'cus_1', t0);
      await store.lockCheckout(acme, 'mine', lease, t0);
      await store.keepCheckout(acme, 'mine', { session: 'cs_1', offer: 'team', returnUrl: '' });
      await store.noteIntroduction(acme, 'cus_2', 'accountTaken', t0, t0);
      await store.changeLink(acme, 'cus_2', true, t0 + 1);
      expect((await store.readAccount(acme)).introduced).toBeNull();
      await store.unlockCheckout(acme, 'mine');
      expect(await store.lockCheckout(acme, 'next', lease, t0 + 1)).toEqual({ last: null });
      expect(await store.intendCustomer(acme, t0 + 2)).toEqual({ generation: 1, since: t0 + 1 });
    });

    it('writes a claim of the customer that was nowhere', async () => {
      const { store } = harness;
      await store.link(acme, 'cus_1', t0);
      const claim = await harness.claimOne(t0);
      await store.changeLink(acme, 'cus_2', true, t0 + 1);
      const fetched = { facts: factsWith(), fetchedAt: t0, nextChangeAt: null, now: t0 + 2 };
      expect(await store.apply(claim, fetched)).toMatchObject({ applied: false });
      expect(await store.findAccount(acme)).toMatchObject({ customer: 'cus_2', facts: null });
    });

    it('is told of in the history', async () => {
      const { store } = harness;
      await store.changeLink(acme, 'cus_1', false, t0);
      await store.changeLink(acme, 'cus_2', true, t0 + 1);
      await store.changeLink(acme, 'cus_2', false, t0 + 2);
      await store.changeLink(acme, null, false, t0 + 3);
      await store.changeLink(acme, null, false, t0 + 4);
      const told = await store.timeline(acme, t0, 100);
      expect(told.filter(({ what }) => what === 'decided')).toEqual([
        { at: t0, what: 'decided', customer: 'cus_1', before: null, after: 'cus_1' },
        { at: t0 + 1, what: 'decided', customer: 'cus_2', before: 'cus_1', after: 'cus_2' },
        { at: t0 + 2, what: 'decided', customer: 'cus_2', before: 'cus_2', after: 'cus_2' },
        { at: t0 + 3, what: 'decided', customer: 'cus_2', before: 'cus_2', after: null },
      ]);
    });
  });
}
