/** Hosted pages as a browser without pictures sees them. */

export interface Page {
  status: number;
  readonly text: string;
  readonly headers: Headers;
  /** Where it leads, for a redirect. */
  readonly location: string | null;
}

/** A page as a browser would get it; texts without tags and extra space. */
export async function visit(url: string, form?: Record<string, string>): Promise<Page> {
  const response = await fetch(url, {
    redirect: 'manual',
    ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
  });
  const html = await response.text();
  const location = response.headers.get('location');
  return {
    status: response.status,
    headers: response.headers,
    text: html.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' '),
    location: location === null ? null : new URL(location, url).href,
  };
}

/** Sends a form and follows where it leads. */
export async function submit(url: string, form: Record<string, string> = {}): Promise<Page> {
  const page = await visit(url, form);
  return page.location === null ? page : visit(page.location);
}
