import ipaddr from 'ipaddr.js';
import { isPublicAddress, parseAddress, type Address } from './public-address.js';

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;

interface Rule {
  readonly port: number | undefined;
  matchesName(hostname: string): boolean;
  matchesAddress(address: Address): boolean;
}

/**
 * Where outbound requests may go. The open internet always; private, loopback, link-local, metadata and other special
 * addresses only when listed as host, `host:port`, address, `address:port` or CIDR. `*` lifts the guard altogether.
 */
export class EgressPolicy {
  private readonly rules: Rule[] = [];

  /** Throws with every entry that cannot be read. */
  constructor(entries: readonly string[] = []) {
    const faulty = entries.filter((entry) => parseRule(entry) === null);
    if (faulty.length > 0) throw new Error(`egress allow-list: not a host, host:port, address or CIDR: ${faulty.join(', ')}`);
    for (const entry of entries) this.allow(entry);
  }

  /** Adds an entry for the life of the process, e.g. the server's own `127.0.0.1:7400` in quick-start mode. */
  allow(entry: string): void {
    const rule = parseRule(entry);
    if (rule === null) throw new Error(`egress allow-list: not a host, host:port, address or CIDR: ${entry}`);
    this.rules.push(rule);
  }

  /** Whether a listed name vouches for whatever it resolves to. */
  trustsName(hostname: string, port: number): boolean {
    const name = normalizeName(hostname);
    return this.rules.some((rule) => fitsPort(rule, port) && rule.matchesName(name));
  }

  /** Whether a connection to this very address may be made. What is not an address may not. */
  permitsAddress(text: string, port: number): boolean {
    const address = parseAddress(text);
    if (address === null) return false;
    return isPublicAddress(address) || this.rules.some((rule) => fitsPort(rule, port) && rule.matchesAddress(address));
  }
}

function fitsPort(rule: Rule, port: number): boolean {
  return rule.port === undefined || rule.port === port;
}

function parseRule(entry: string): Rule | null {
  const text = entry.trim().toLowerCase();
  if (text === '*') return { port: undefined, matchesName: () => true, matchesAddress: () => true };
  if (text.includes('/')) return ipaddr.isValidCIDR(text) ? rangeRule(text, undefined) : null;
  const address = parseAddress(text);
  if (address !== null) return rangeRule(singleAddress(address), undefined);
  const match = /^(.+):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? text;
  const port = match === null ? undefined : Number(match[2]);
  if (port !== undefined && (port < 1 || port > 65_535)) return null;
  const hostAddress = parseAddress(host);
  if (hostAddress !== null) return rangeRule(singleAddress(hostAddress), port);
  const name = normalizeName(host);
  // A last label of digits only would be read as an address by URL parsers, so such a name could never match.
  if (!HOST_NAME.test(name) || /(^|\.)\d+$/.test(name)) return null;
  return { port, matchesName: (hostname) => hostname === name, matchesAddress: () => false };
}

function rangeRule(cidr: string, port: number | undefined): Rule {
  const [network, bits] = ipaddr.parseCIDR(cidr);
  return {
    port,
    matchesName: () => false,
    matchesAddress: (address) => address.kind() === network.kind() && address.match(network, bits),
  };
}

function singleAddress(address: Address): string {
  return `${address.toString()}/${address.kind() === 'ipv6' ? 128 : 32}`;
}

function normalizeName(hostname: string): string {
  return hostname.toLowerCase().replace(/\.$/, '');
}
