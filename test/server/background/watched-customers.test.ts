import { describe, expect, it } from 'vitest';
import { WatchedCustomers } from '../../../server/src/background/watched-customers.ts';

describe('watched customers', () => {
  it('are to be fetched once their ticket was raised, and others are not', () => {
    const watched = new WatchedCustomers();
    const watch = watched.watch('cus_1');
    expect(watched.next(10)).toEqual([]);
    expect(watched.raised(['cus_1', 'cus_2'])).toBe(true);
    expect(watched.raised(['cus_2'])).toBe(false);
    expect(watched.next(10)).toEqual(['cus_1']);
    watched.claimed(['cus_1']);
    expect(watched.next(10)).toEqual([]);
    watch.release();
  });

  it('are to be fetched when a poll finds them stale, as after a lost word', () => {
    const watched = new WatchedCustomers();
    const watch = watched.watch('cus_1');
    watch.saw(true, watch.raises);
    expect(watched.next(10)).toEqual(['cus_1']);
    watch.saw(false, watch.raises);
    expect(watched.next(10)).toEqual([]);
  });

  it('stay to be fetched when the look that found them fresh began before the ticket was raised', () => {
    const watched = new WatchedCustomers();
    const watch = watched.watch('cus_1');
    const { raises } = watch;
    watched.raised(['cus_1']);
    watch.saw(false, raises);
    expect(watched.next(10)).toEqual(['cus_1']);
  });

  it('are to be fetched again for what was raised during their fetch', () => {
    const watched = new WatchedCustomers();
    watched.watch('cus_1');
    watched.raised(['cus_1']);
    watched.claimed(['cus_1']);
    watched.raised(['cus_1']);
    expect(watched.next(10)).toEqual(['cus_1']);
  });

  it('are forgotten with the last poll that waits for them', () => {
    const watched = new WatchedCustomers();
    const [one, other] = [watched.watch('cus_1'), watched.watch('cus_1')];
    watched.raised(['cus_1']);
    one.release();
    expect(watched.next(10)).toEqual(['cus_1']);
    other.release();
    expect(watched.next(10)).toEqual([]);
    expect(watched.raised(['cus_1'])).toBe(false);
  });

  it('take turns where some cannot be claimed', () => {
    const watched = new WatchedCustomers();
    const customers = ['cus_1', 'cus_2', 'cus_3'];
    for (const customer of customers) watched.watch(customer);
    watched.raised(customers);
    expect(watched.next(2)).toEqual(['cus_1', 'cus_2']);
    expect(watched.next(2)).toEqual(['cus_3', 'cus_1']);
  });
});
