/* No framework, and no build: the file is served as it is. Attributes say everything, and events bubble. */

const widget = document.querySelector('billhook-widget');
const events = document.querySelector('.events');
const place = widget.parentElement;

const tell = (line) => {
  const item = document.createElement('li');
  item.textContent = line;
  events.append(item);
};

document.addEventListener('billhook-change', ({ snapshot }) => tell(`change: ${snapshot.state}`));
document.addEventListener('billhook-error', ({ code }) => tell(`error: ${code}`));
document.addEventListener('billhook-action', (event) => {
  tell(`action: ${event.action.purpose}`);
  if (document.querySelector('[name=stay]').checked) event.preventDefault();
});

const choice = document.querySelector('[name=workspace]');
for (const { id, name } of JSON.parse(document.querySelector('#workspaces').textContent)) {
  choice.append(new Option(name, id));
}
choice.addEventListener('change', ({ target }) => {
  widget.setAttribute('account', target.value);
  widget.setAttribute('token-url', `/billing/token?workspace=${encodeURIComponent(target.value)}`);
});
document.querySelector('[name=show]').addEventListener('click', ({ target }) => {
  if (widget.isConnected) widget.remove();
  else place.append(widget);
  target.textContent = `${widget.isConnected ? 'Hide' : 'Show'} billing`;
});
