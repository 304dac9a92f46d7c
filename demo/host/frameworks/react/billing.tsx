import '@billhook/widget/react';
import { useState } from 'react';
import { tokenUrlOf, type Workspace } from '../workspace.ts';

export function Billing({ workspaces }: { workspaces: readonly Workspace[] }) {
  const [account, setAccount] = useState(workspaces[0]?.id ?? '');
  const [shown, setShown] = useState(true);
  const [stay, setStay] = useState(false);
  const [news, setNews] = useState<readonly string[]>([]);
  const tell = (line: string) => setNews((before) => [...before, line]);

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
        <label>
          <input type="checkbox" checked={stay} onChange={({ target }) => setStay(target.checked)} />
          Handle actions here
        </label>
        <button type="button" onClick={() => setShown(!shown)}>
          {shown ? 'Hide' : 'Show'} billing
        </button>
      </div>
      {shown && (
        <billhook-widget
          account={account}
          token-url={tokenUrlOf(account)}
          onbillhook-change={({ snapshot }) => tell(`change: ${snapshot.state}`)}
          onbillhook-action={(event) => {
            tell(`action: ${event.action.purpose}`);
            if (stay) event.preventDefault();
          }}
          onbillhook-error={({ code }) => tell(`error: ${code}`)}
        />
      )}
      <ol aria-label="Events" className="events">
        {news.map((line, index) => (
          <li key={index}>{line}</li>
        ))}
      </ol>
    </>
  );
}
