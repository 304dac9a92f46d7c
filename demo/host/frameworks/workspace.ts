/** One of the visitor's workspaces, as the pages are told of it. */
export interface Workspace {
  readonly id: string;
  readonly name: string;
}

/** The host's own address for tokens; it checks that the workspace is one of the visitor's. */
export const tokenUrlOf = (workspace: string): string => `/billing/token?workspace=${encodeURIComponent(workspace)}`;
