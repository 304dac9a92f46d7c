import { expect } from '@open-wc/testing';
import { apiUrl, problem, visitReturn } from './bff-double.ts';
import { Page, settled, type Shown } from './harness.ts';
import { active, pro, snapshots } from './snapshots.ts';

const key = `billhook-visit:${apiUrl} `;
const stored = (): unknown => JSON.parse(sessionStorage.getItem(key) ?? 'null');
const upgraded = { ...active, revision: 'e1.2', plan: pro };

describe('the return from Stripe', () => {
  let page: Page;
  let widget: Shown;
  beforeEach(() => {
    page = new Page();
    sessionStorage.setItem(key, JSON.stringify({ id: 'visit-1' }));
  });
  afterEach(() => page.close());

  it('asks at once, shows the last known plan meanwhile, and then the changes', async () => {
    const held = page.bff.hold('visits/return');
    widget = page.add();
    const [returned, read] = await Promise.all([page.bff.arrival('visits/return'), page.bff.arrival('billing')]);
    expect(returned.body).to.deep.equal({ visit: 'visit-1' });
    expect(returned.headers.get('prefer')).to.equal('wait=25');
    expect(read.headers.get('prefer')).to.equal(null);
    await widget.reads('Updating your account…');
    await widget.reads('Team');
    expect(widget.announced).to.equal('Updating your account…');
    held.release(
      visitReturn(
        'changed',
        upgraded,
        { kind: 'plan', from: 'Team', to: 'Pro' },
        { kind: 'price', from: null, to: pro.price },
      ),
    );
    await widget.reads('Your plan is now Pro.');
    expect(widget.text).not.to.contain('Your price is now');
    expect(widget.text).to.contain('$99 per seat per month');
    expect(widget.announced).to.equal('Your plan is now Pro.');
    expect(stored(), 'settled, at this revision').to.deep.equal({ id: 'visit-1', settledAt: 'e1.2' });
  });

  it('asks again, without a message, on the next page of a settled visit: the person may have gone Back to Stripe', async () => {
    sessionStorage.setItem(key, JSON.stringify({ id: 'visit-1', settledAt: 'e1.1' }));
    const held = page.bff.hold('visits/return');
    widget = page.add();
    await widget.ready();
    expect(widget.part('note')).to.equal(null);
    held.release(visitReturn('unchanged', active));
    await settled();
    await widget.element.updateComplete;
    expect(widget.part('note')).to.equal(null);
    expect(stored()).to.deep.equal({ id: 'visit-1', settledAt: 'e1.1' });
  });

  it('shows the change that was made there', async () => {
    sessionStorage.setItem(key, JSON.stringify({ id: 'visit-1', settledAt: 'e1.1' }));
    page.bff.next('visits/return', visitReturn('changed', upgraded, { kind: 'plan', from: 'Team', to: 'Pro' }));
    widget = page.add();
    await widget.reads('Your plan is now Pro.');
    expect(stored()).to.deep.equal({ id: 'visit-1', settledAt: 'e1.2' });
  });

  it('does not show "payment failed" to a person who has just paid', async () => {
    page.bff.snapshot = snapshots.pastDue;
    const held = page.bff.hold('visits/return');
    widget = page.add();
    await widget.reads('Team');
    expect(widget.text).not.to.contain('Your last payment');
    expect(widget.labels).to.deep.equal(['Manage billing']);
    held.release(visitReturn('changed', active, { kind: 'paid', paid: { amount: 2900, currency: 'usd' } }));
    await widget.reads('We received your payment of $29.00.');
  });

  it('shows "unchanged", polls on, and turns to "changed" when the change comes late', async () => {
    widget = page.add();
    await widget.reads('Nothing changed.');
    expect(widget.announced).to.equal('Nothing changed.');
    // The double answers at once, so the next poll comes after the shortest pause: it is brought forward here.
    page.bff.next('visits/return', visitReturn('changed', upgraded, { kind: 'plan', from: 'Team', to: 'Pro' }));
    page.bff.snapshot = upgraded;
    window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    await widget.reads('Your plan is now Pro.');
    expect(page.bff.to('visits/return')).to.have.length(2);
  });

  it('shows that Stripe has not confirmed, keeps the visit, and updates without a reload', async () => {
    const held = page.bff.hold('visits/return');
    widget = page.add();
    await widget.reads('Updating your account…');
    const realNow = Date.now;
    Date.now = () => realNow() + 26_000; // the server held the answer to its deadline
    const again = page.bff.hold('visits/return');
    const asked = page.bff.arrival('visits/return');
    held.release(visitReturn('pending', active));
    await widget.reads('We’re waiting for confirmation. Don’t pay again; this page updates by itself.');
    expect(stored()).to.deep.equal({ id: 'visit-1' });
    expect((await asked).headers.get('prefer')).to.equal('wait=25');
    again.release(visitReturn('changed', upgraded, { kind: 'plan', from: 'Team', to: 'Pro' }));
    await widget.reads('Your plan is now Pro.');
  });

  it('drops a visit that the BFF does not know, and reads the billing as on any load', async () => {
    page.bff.next('visits/return', problem(404, 'visit_not_found'));
    widget = page.add();
    await widget.ready();
    await widget.until(() => widget.part('note') === null);
    await settled();
    expect(sessionStorage.getItem(key)).to.equal(null);
    expect(widget.text).not.to.contain('Updating');
    expect(page.bff.to('visits/return')).to.have.length(1);
  });

  it('never replaces a newer snapshot by an older answer that arrives later', async () => {
    const late = page.bff.hold('billing');
    page.bff.next('visits/return', visitReturn('changed', upgraded, { kind: 'plan', from: 'Team', to: 'Pro' }));
    widget = page.add();
    await widget.reads('Your plan is now Pro.');
    late.release(page.bff.billing(active));
    await settled();
    await widget.element.updateComplete;
    expect(widget.part('name')?.textContent).to.equal('Pro');
  });

  it('handles the return to a tab once, however many focus events the browser fires', async () => {
    sessionStorage.clear();
    widget = page.add();
    await widget.ready();
    sessionStorage.setItem(key, JSON.stringify({ id: 'visit-2' }));
    const held = page.bff.hold('visits/return');
    window.dispatchEvent(new Event('focus'));
    document.dispatchEvent(new Event('visibilitychange'));
    window.dispatchEvent(new Event('focus'));
    await settled();
    expect(page.bff.to('visits/return')).to.have.length(1);
    held.release(visitReturn('changed', upgraded));
    await widget.reads('Your account is up to date.');
  });
});
