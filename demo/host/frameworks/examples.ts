/** The same billing page written six times, and twice more rendered by a server: the parts of each. */

export interface Example {
  readonly title: string;
  /** A note for people who copy it; code in backticks. */
  readonly note: string;
  /** The sources worth reading, in this folder. */
  readonly sources: readonly string[];
  /** The page's script: a bundle in `dist/`, or a file that is served as it is. */
  readonly script: string;
  /** The page's markup before the script runs, `{{account}}` replaced. */
  readonly markup?: string;
  /** Or the bundle in `dist/` that renders it. */
  readonly server?: string;
  /** The Trusted Types policies that the framework makes; `null` where it writes markup without one. */
  readonly trustedTypes: readonly string[] | null;
}

export const examples: Readonly<Record<string, Example>> = {
  html: {
    title: 'Plain HTML',
    note: 'One script tag and one element. Attributes say everything, and the events bubble to the document.',
    sources: ['html/page.html', 'html/main.js'],
    script: 'html/main.js',
    markup: 'html/page.html',
    trustedTypes: [],
  },
  react: {
    title: 'React 19',
    note: 'Attributes by their own names, listeners as `onbillhook-…`. One import brings the types.',
    sources: ['react/billing.tsx', 'react/main.tsx'],
    script: 'dist/react.js',
    trustedTypes: [],
  },
  'react-server': {
    title: 'React 19 on a server',
    note: 'In the markup before any script runs, and hydrated; as in Next.js, where this is a client component. React adds no listeners of elements’ own events while it hydrates, so a ref does.',
    sources: ['react-server/billing.tsx', 'react-server/server.tsx', 'react-server/client.tsx'],
    script: 'dist/react-server.js',
    server: 'dist/react-server.server.js',
    trustedTypes: [],
  },
  vue: {
    title: 'Vue 3',
    note: 'Vue’s compiler is told that these are elements: `isCustomElement: (tag) => tag.startsWith("billhook-")`. Listeners are `@billhook-…`.',
    sources: ['vue/billing.vue', 'vue/main.ts'],
    script: 'dist/vue.js',
    trustedTypes: ['vue'],
  },
  'vue-server': {
    title: 'Vue 3 on a server',
    note: 'The same component in the markup before any script runs, through `renderToString` and `createSSRApp`, as Nuxt does it.',
    sources: ['vue-server/server.ts', 'vue-server/client.ts', 'vue/billing.vue'],
    script: 'dist/vue-server.js',
    server: 'dist/vue-server.server.js',
    trustedTypes: ['vue'],
  },
  svelte: {
    title: 'Svelte 5',
    note: 'Attributes by their own names, listeners as `onbillhook-…`. One import brings the types.',
    sources: ['svelte/billing.svelte', 'svelte/main.ts'],
    script: 'dist/svelte.js',
    trustedTypes: ['svelte-trusted-html'],
  },
  solid: {
    title: 'Solid',
    note: 'Listeners as `on:billhook-…`, which are the element’s own and not delegated. Solid writes its templates as plain text, so a page of it cannot require Trusted Types.',
    sources: ['solid/billing.tsx', 'solid/main.tsx'],
    script: 'dist/solid.js',
    trustedTypes: null,
  },
  angular: {
    title: 'Angular',
    note: '`CUSTOM_ELEMENTS_SCHEMA` lets the elements in; `$event` has the event’s own type. Compiled ahead of time, without zones.',
    sources: ['angular/billing.ts', 'angular/main.ts'],
    script: 'dist/angular.js',
    trustedTypes: ['angular'],
  },
};

export const examplePaths: ReadonlySet<string> = new Set([
  '/frameworks',
  ...Object.keys(examples).map((name) => `/frameworks/${name}`),
]);

/** Where the elements come from, and when. */
export const arrivals = {
  script: 'Script tag, first',
  late: 'Script tag, late',
  npm: 'From npm',
} as const;
export type Arrival = keyof typeof arrivals;
