import { Client } from 'pg';

/** Runs statements on a connection beside the server's. @param address - of the database */
export async function asOperator<T>(address: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: address });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
