/**
 * Changes the workspace without a reload, as a single-page product does. For Billhook that is two attributes: the moment
 * `account` changes, everything known of the one before is dropped. Without this script the form loads the page anew.
 */

const form = document.querySelector('.switcher form');

/** The change that is under way: a second click wins, whichever answer comes first. */
let changing = new AbortController();

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  changing.abort();
  changing = new AbortController();
  const { signal } = changing;
  try {
    const response = await fetch('/workspace', {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams({ account: event.submitter.value }),
      signal,
    });
    if (!response.ok) throw new Error(`the host answered ${response.status}`);
    show(await response.json());
  } catch {
    // Signed out, or offline: the page itself says which.
    if (!signal.aborted) location.reload();
  }
});

/** @param {Record<string, string>} workspace what the page says about it, by `data-workspace` */
function show(workspace) {
  for (const element of document.querySelectorAll('[data-workspace]')) {
    element.textContent = workspace[element.dataset.workspace];
  }
  for (const element of document.querySelectorAll('[token-url]')) {
    element.setAttribute('token-url', `/billing/token?workspace=${encodeURIComponent(workspace.id)}`);
    element.setAttribute('account', workspace.id);
  }
  for (const button of form.elements) button.ariaCurrent = button.value === workspace.id ? 'true' : null;
  const switcher = form.closest('details');
  switcher.open = false;
  switcher.querySelector('summary').focus();
}
