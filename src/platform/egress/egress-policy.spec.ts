import { describe, expect, it } from 'vitest';
import { EgressPolicy } from './egress-policy.js';

describe('EgressPolicy', () => {
  it.each([
    ['unspecified', '0.0.0.0'],
    ['this network', '0.1.2.3'],
    ['private', '10.0.0.1'],
    ['private', '172.16.0.1'],
    ['private', '172.31.255.255'],
    ['private', '192.168.1.1'],
    ['carrier-grade NAT, some metadata services', '100.100.100.200'],
    ['loopback', '127.0.0.1'],
    ['loopback', '127.255.255.254'],
    ['link-local, metadata', '169.254.169.254'],
    ['protocol assignments, metadata', '192.0.0.192'],
    ['Azure wire server', '168.63.129.16'],
    ['documentation', '203.0.113.7'],
    ['benchmarking', '198.18.0.1'],
    ['6to4 relay', '192.88.99.1'],
    ['multicast', '224.0.0.1'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['IPv6 unspecified', '::'],
    ['IPv6 loopback', '::1'],
    ['IPv6 loopback in brackets', '[::1]'],
    ['IPv4-mapped loopback', '::ffff:127.0.0.1'],
    ['IPv4-mapped, hexadecimal', '::ffff:a9fe:a9fe'],
    ['IPv4-compatible', '::127.0.0.1'],
    ['IPv4-translated', '::ffff:0:127.0.0.1'],
    ['NAT64 of loopback', '64:ff9b::7f00:1'],
    ['NAT64 of metadata', '64:ff9b::169.254.169.254'],
    ['local-use NAT64', '64:ff9b:1::1'],
    ['6to4 of a private address', '2002:0a00:0001::1'],
    ['6to4 of a public address', '2002:0808:0808::1'],
    ['Teredo', '2001:0:53aa:64c:0:fbff:ad5f:1'],
    ['IPv6 link-local', 'fe80::1'],
    ['IPv6 link-local with zone', 'fe80::1%eth0'],
    ['IPv6 site-local', 'fec0::1'],
    ['unique local, metadata', 'fd00:ec2::254'],
    ['IPv6 multicast', 'ff02::1'],
    ['IPv6 documentation', '2001:db8::1'],
    ['IPv6 documentation', '3fff::1'],
    ['discard', '100::1'],
    ['segment routing', '5f00::1'],
    ['unallocated IPv6', '4000::1'],
    ['octal spelling', '0177.0.0.1'],
    ['decimal spelling', '2130706433'],
    ['hexadecimal spelling', '0x7f.1'],
    ['short spelling', '127.1'],
    ['not an address', 'example.com'],
    ['nothing', ''],
  ])('refuses %s %s', (_, address) => {
    expect(new EgressPolicy().permitsAddress(address, 80)).toBe(false);
  });

  it.each(['8.8.8.8', '1.1.1.1', '93.184.216.34', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::8.8.8.8'])(
    'permits the public %s',
    (address) => {
      expect(new EgressPolicy().permitsAddress(address, 443)).toBe(true);
    },
  );

  it.each([
    ['10.0.0.0/8', '10.1.2.3', 80, true],
    ['10.0.0.0/8', '::ffff:10.1.2.3', 80, true],
    ['10.0.0.0/8', '192.168.0.1', 80, false],
    ['fd00::/8', 'fd12::1', 80, true],
    ['127.0.0.1', '127.0.0.1', 9999, true],
    ['127.0.0.1:7400', '127.0.0.1', 7400, true],
    ['127.0.0.1:7400', '127.0.0.1', 7401, false],
    ['::1', '::1', 80, true],
    ['[::1]:7400', '::1', 7400, true],
    ['[::1]:7400', '::1', 80, false],
    ['localhost:7400', '127.0.0.1', 7400, false],
    ['*', '169.254.169.254', 80, true],
  ])('with %s, %s port %i: %s', (entry, address, port, permitted) => {
    expect(new EgressPolicy([entry]).permitsAddress(address, port)).toBe(permitted);
  });

  it('trusts listed names, whatever their case or final dot, on the listed port', () => {
    const policy = new EgressPolicy(['Vault.Internal', 'db.internal:8443']);
    expect(policy.trustsName('vault.internal', 1)).toBe(true);
    expect(policy.trustsName('VAULT.internal.', 65_535)).toBe(true);
    expect(policy.trustsName('db.internal', 8443)).toBe(true);
    expect(policy.trustsName('db.internal', 443)).toBe(false);
    expect(policy.trustsName('evil.vault.internal', 443)).toBe(false);
  });

  it('takes further entries later on', () => {
    const policy = new EgressPolicy();
    policy.allow('127.0.0.1:7400');
    expect(policy.permitsAddress('127.0.0.1', 7400)).toBe(true);
    expect(() => policy.allow('http://x')).toThrow(/http:\/\/x/);
  });

  it.each(['http://host', '10.0.0.0/33', 'host:0', 'host:99999', 'a b', '', '127.1', '0177.0.0.1:80', '*.example.com'])(
    'refuses the entry "%s"',
    (entry) => {
      expect(() => new EgressPolicy(['ok.example', entry])).toThrow(/egress allow-list/);
    },
  );
});
