import { once } from 'node:events';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realPostgres, startApp, type RealPostgres, type TestApp } from '../support/index.js';

let postgres: RealPostgres;
let nodes: TestApp[];
const sockets: WebSocket[] = [];

beforeAll(async () => {
  postgres = await realPostgres();
  const url = await postgres.createDatabase();
  const first = await startApp({ env: { DATABASE_URL: url } });
  nodes = [first, await startApp({ env: { DATABASE_URL: url, HEDDLE_BOOTSTRAP_ADMIN_KEY: first.adminKey } })];
});
afterAll(async () => {
  for (const socket of sockets) socket.terminate();
  await Promise.all((nodes ?? []).map((node) => node.close()));
  await postgres?.stop();
});

class Member {
  readonly heard: string[] = [];

  constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => this.heard.push(data.toString('utf8')));
  }

  async hears(text: string): Promise<void> {
    await expect.poll(() => this.heard.includes(text), { timeout: 15_000 }).toBe(true);
  }
}

async function join(node: number, key = nodes[0]?.adminKey ?? ''): Promise<Member> {
  const url = (nodes[node]?.url ?? '').replace('http', 'ws');
  const socket = new WebSocket(`${url}/api/v1/ws/bus`, { headers: { authorization: `Bearer ${key}` } });
  sockets.push(socket);
  await once(socket, 'open');
  return new Member(socket);
}

describe('the bus', () => {
  it('hands a message to everybody of the tenant but its sender, on every node, word for word and in order', async () => {
    const [sender, near, far] = [await join(0), await join(0), await join(1)];
    const big = JSON.stringify({ sender_id: 'a', receiver_id: '*', content: 'ü🚀'.repeat(20_000) });
    sender.socket.send('no JSON at all');
    sender.socket.send(big);
    for (let index = 0; index < 50; index += 1) sender.socket.send(`n${index}`);
    await Promise.all([near.hears('n49'), far.hears('n49')]);
    const sent = ['no JSON at all', big, ...Array.from({ length: 50 }, (_, index) => `n${index}`)];
    expect(near.heard).toEqual(sent);
    expect(far.heard).toEqual(sent);
    expect(sender.heard).toEqual([]);
    far.socket.send('back');
    await Promise.all([sender.hears('back'), near.hears('back')]);
  });

  it('is each tenant’s own', async () => {
    const { body } = await (nodes[0] as TestApp).api.post<{ key: string }>('/api-keys', {
      name: 'other',
      role: 'operator',
      tenant: 'other',
    });
    const [mine, theirs, theirFriend] = [await join(0), await join(1, body.key), await join(0, body.key)];
    mine.socket.send('secret');
    theirs.socket.send('hello');
    await theirFriend.hears('hello');
    expect(mine.heard).toEqual([]);
    expect(theirs.heard).toEqual([]);
    expect(theirFriend.heard).toEqual(['hello']);
  });

  it('is closed to who may not signal, and to messages that are too long', async () => {
    const { body } = await (nodes[0] as TestApp).api.post<{ key: string }>('/api-keys', { name: 'viewer', role: 'viewer' });
    await expect(join(0, body.key)).rejects.toThrow('403');
    const talker = await join(0);
    talker.socket.send('x'.repeat(300 * 1024));
    const [code] = (await once(talker.socket, 'close')) as [number];
    expect(code).toBe(1009);
  });
});
