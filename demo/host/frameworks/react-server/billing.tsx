import '@billhook/widget/react';
import type { BillhookWidget } from '@billhook/widget';
import { useCallback, useState } from 'react';
import { tokenUrlOf, type Workspace } from '../workspace.ts';

export function Billing({ workspaces }: { workspaces: readonly Workspace[] }) {
  const [account, setAccount] = useState(workspaces[0]?.id ?? '');
  const [news, setNews] = useState<readonly string[]>([]);

  // React 19 adds no listeners of their own to elements that it hydrates (react/react#35446): a ref does. What was
  // known before the page was hydrated has had its event already, and is read.
  const listen = useCallback((widget: BillhookWidget) => {
    const tell = (line: string) => setNews((before) => [...before, line]);
    const leaving = new AbortController();
    const { signal } = leaving;
    if (widget.snapshot) tell(`change: ${widget.snapshot.state}`);
    widget.addEventListener('billhook-change', ({ snapshot }) => tell(`change: ${snapshot.state}`), { signal });
    widget.addEventListener('billhook-action', ({ action }) => tell(`action: ${action.purpose}`), { signal });
    widget.addEventListener('billhook-error', ({ code }) => tell(`error: ${code}`), { signal });
    return () => leaving.abort();
  }, []);

  return (
    <>
      <div className="controls">
        <label>
          Workspace
          <select value={account} onChange={({ target }) => setAccount(target.value)}>
            {workspaces.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      <billhook-widget ref={listen} account={account} token-url={tokenUrlOf(account)} />
      <ol aria-label="Events" className="events">
        {news.map((line, index) => (
          <li key={index}>{line}</li>
        ))}
      </ol>
    </>
  );
}
