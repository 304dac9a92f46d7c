/** What the widget must show as text, and where it must not go: for tests in a browser. */

/** Nothing that a server of ours or a host's configuration would write as an address to follow. */
export const hostileAddresses: readonly string[] = [
  '',
  ' ',
  '/',
  '//evil.example/',
  '\\\\evil.example\\',
  'evil.example',
  'http:',
  'http://',
  'http://evil.example/',
  'HTTP://EVIL.EXAMPLE/',
  'http://localhost.evil.example/',
  'http://127.0.0.1.evil.example/',
  'http://127.0.0.1@evil.example/',
  'http://localhost:80@evil.example/',
  'http://localhost:99999/',
  'http://[::1].evil.example/',
  'http://[::ffff:127.0.0.1]/',
  'http://localhost:x/',
  'http:/localhost/',
  'http:localhost',
  'https:evil.example',
  'https:/evil.example',
  ' https://evil.example/',
  'https://',
  'https://[',
  'https://evil.example:99999/',
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'java\nscript:alert(1)',
  '\u0001javascript:alert(1)',
  'javascript:https://alert(1)',
  'javascript://https://%0aalert(1)',
  'data:text/html,<script>opened=1</script>',
  'data:,https://evil.example',
  'vbscript:msgbox(1)',
  'blob:https://evil.example/1',
  'filesystem:https://evil.example/1',
  'view-source:https://evil.example/',
  'file:///etc/passwd',
  'about:blank',
  'intent://evil.example#Intent;scheme=https;end',
  'ftp://evil.example/',
];

const pieces = [
  '<img src=x onerror="opened=1">',
  '<script>opened=1</script>',
  '<svg onload="opened=1">',
  '<iframe srcdoc="<script>parent.opened=1</script>">',
  '"><a href="javascript:opened=1">x</a>',
  `' onmouseover='opened=1`,
  '<!--',
  '-->',
  '</style><style>*{display:none}',
  '</template>',
  '<slot name="header">',
  '<base href="https://evil.example">',
  '<form action="https://evil.example"><button>',
  '${opened=1}',
  '{{constructor.constructor("opened=1")()}}',
  '&lt;b&gt;',
  '&#60;b&#62;',
  '<?lit$1$?>',
  '<!--?lit$0$-->',
  '{plan}',
  '{date}',
  '%s',
  '\u202eevil',
  '\u0000',
  '\ud800',
  '🦋',
  'Team',
  '王',
  'شركة',
  ' ',
];

/** So many different texts, each of some pieces. */
export function hostileTexts(count: number): readonly string[] {
  const texts = new Set<string>();
  for (let number = 0; texts.size < count; number += 1) {
    const [first, second, third] = [number, number * 7 + 3, number * 13 + Math.floor(number / pieces.length)];
    const chosen = [first, second, third].slice(0, 1 + (number % 3)).map((at) => pieces[at % pieces.length] ?? '');
    texts.add(`${number} ${chosen.join('')}`);
  }
  return [...texts];
}
