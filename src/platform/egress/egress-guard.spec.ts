import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EgressClient } from './egress-client.js';
import { EgressPolicy } from './egress-policy.js';
import { TestServer } from './egress-test-server.fixture.js';
import type { ResolvedAddress } from './egress.types.js';

const v4 = (address: string): ResolvedAddress => ({ address, family: 4 });

describe('what the guarded client may reach', () => {
  let inner: TestServer;
  let outer: TestServer;
  const clients: EgressClient[] = [];

  function client(allow: string[], names: Record<string, ResolvedAddress[] | (() => ResolvedAddress[])> = {}): EgressClient {
    const made = new EgressClient(new EgressPolicy(allow), async (hostname) => {
      const found = names[hostname];
      if (found === undefined) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
      return typeof found === 'function' ? found() : found;
    });
    clients.push(made);
    return made;
  }

  beforeAll(async () => {
    inner = await TestServer.start((_, response) => response.end('secret'));
    outer = await TestServer.start((request, response) => {
      const target = new URL(request.url ?? '/', 'http://x').searchParams.get('to') ?? '/';
      response.writeHead(302, { location: target }).end();
    });
  });

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((each) => each.close()));
    expect(inner.connections).toBe(0);
  });

  afterAll(async () => {
    await Promise.all([inner.stop(), outer.stop()]);
  });

  const refusal = { code: 'egress_refused', retryable: false };

  it.each([
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '0',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '127。0。0。1',
  ])('refuses the address %s', async (host) => {
    await expect(client([]).request({ url: inner.url('/', host) })).rejects.toMatchObject(refusal);
  });

  it('refuses metadata addresses', async () => {
    await expect(client([]).request({ url: 'http://169.254.169.254/latest/meta-data/' })).rejects.toMatchObject(refusal);
    await expect(client([]).request({ url: 'http://[fd00:ec2::254]/' })).rejects.toMatchObject(refusal);
  });

  it.each([
    ['loopback', [v4('127.0.0.1')]],
    ['private', [v4('10.0.0.1')]],
    ['IPv6 loopback', [{ address: '::1', family: 6 }]],
    ['mapped', [{ address: '::ffff:127.0.0.1', family: 6 }]],
  ])('refuses a name that resolves to a %s address', async (_, addresses) => {
    await expect(client([], { 'evil.test': addresses }).request({ url: inner.url('/', 'evil.test') })).rejects.toMatchObject(refusal);
  });

  it('refuses localhost by its real resolution', async () => {
    const real = new EgressClient(new EgressPolicy());
    clients.push(real);
    await expect(real.request({ url: inner.url('/', 'localhost') })).rejects.toMatchObject(refusal);
  });

  it.each([
    ['an address', () => inner.url()],
    ['a name', () => inner.url('/', 'evil.test')],
    ['another port of an allowed address', () => inner.url('/', '127.0.0.1')],
  ])('refuses a redirect to %s', async (_, target) => {
    const names = { 'evil.test': [v4('127.0.0.1')] };
    const request = client([`127.0.0.1:${outer.port}`], names).request({ url: outer.url(`/?to=${encodeURIComponent(target())}`) });
    await expect(request).rejects.toMatchObject(refusal);
  });

  it('refuses a redirect to another scheme', async () => {
    const guarded = client([`127.0.0.1:${outer.port}`]);
    for (const to of ['file:///etc/passwd', 'ftp://127.0.0.1/', 'data:text/plain,x', 'gopher://127.0.0.1:25/']) {
      await expect(guarded.request({ url: outer.url(`/?to=${encodeURIComponent(to)}`) })).rejects.toMatchObject(refusal);
    }
  });

  it('connects to the address it checked, so a rebinding name gains nothing', async () => {
    let asked = 0;
    const rebinding = (): ResolvedAddress[] => {
      asked += 1;
      // The first answer is a public address that nothing listens on; every later one is the target.
      return asked === 1 ? [v4('192.0.2.1')] : [v4('127.0.0.1')];
    };
    const guarded = client(['192.0.2.1'], { 'rebind.test': rebinding });
    await expect(guarded.request({ url: inner.url('/', 'rebind.test'), timeoutMs: 300 })).rejects.toMatchObject({ retryable: true });
    expect(asked).toBe(1);
    await expect(guarded.request({ url: inner.url('/', 'rebind.test'), timeoutMs: 300 })).rejects.toMatchObject(refusal);
  });

  it('connects to the permitted one of mixed addresses only', async () => {
    const guarded = client([`127.0.0.2:${inner.port}`], { 'mixed.test': [v4('127.0.0.1'), v4('10.0.0.1')] });
    await expect(guarded.request({ url: inner.url('/', 'mixed.test') })).rejects.toMatchObject(refusal);
  });
});

describe('what the allow-list opens', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start((_, response) => response.end('open'));
  });
  afterAll(async () => server.stop());

  it.each([
    ['an address with port', '127.0.0.1', () => `127.0.0.1:${server.port}`],
    ['a CIDR', '127.0.0.1', () => '127.0.0.0/8'],
    ['a name', 'self.test', () => 'self.test'],
    ['a name with port', 'self.test', () => `self.test:${server.port}`],
    ['an address a name resolves to', 'self.test', () => '127.0.0.1'],
    ['everything', 'self.test', () => '*'],
  ])('opens %s', async (_, host, entry) => {
    const policy = new EgressPolicy();
    policy.allow(entry());
    const client = new EgressClient(policy, async () => [v4('127.0.0.1')]);
    const answer = await client.request({ url: server.url('/', host) });
    expect(answer.body.toString()).toBe('open');
    await client.close();
  });
});
