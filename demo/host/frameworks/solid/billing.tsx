import '@billhook/widget/solid';
import { createSignal, For, Show } from 'solid-js';
import { tokenUrlOf, type Workspace } from '../workspace.ts';

export function Billing(props: { workspaces: readonly Workspace[] }) {
  const [account, setAccount] = createSignal(props.workspaces[0]?.id ?? '');
  const [shown, setShown] = createSignal(true);
  const [stay, setStay] = createSignal(false);
  const [news, setNews] = createSignal<readonly string[]>([]);
  const tell = (line: string) => setNews((before) => [...before, line]);

  return (
    <>
      <div class="controls">
        <label>
          Workspace
          <select value={account()} onChange={({ target }) => setAccount(target.value)}>
            <For each={props.workspaces}>{({ id, name }) => <option value={id}>{name}</option>}</For>
          </select>
        </label>
        <label>
          <input type="checkbox" checked={stay()} onChange={({ target }) => setStay(target.checked)} />
          Handle actions here
        </label>
        <button type="button" onClick={() => setShown(!shown())}>
          {shown() ? 'Hide' : 'Show'} billing
        </button>
      </div>
      <Show when={shown()}>
        <billhook-widget
          account={account()}
          token-url={tokenUrlOf(account())}
          on:billhook-change={({ snapshot }) => tell(`change: ${snapshot.state}`)}
          on:billhook-action={(event) => {
            tell(`action: ${event.action.purpose}`);
            if (stay()) event.preventDefault();
          }}
          on:billhook-error={({ code }) => tell(`error: ${code}`)}
        />
      </Show>
      <ol aria-label="Events" class="events">
        <For each={news()}>{(line) => <li>{line}</li>}</For>
      </ol>
    </>
  );
}
