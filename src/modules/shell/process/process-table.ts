import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';

/** Of /proc at a time. It is in memory: reading it at once costs a fifth of what the thread pool takes, but there may be many processes. */
const BATCH = 200;

/** A process as the kernel knows it. Pids repeat; a pid and its start time do not, until the machine boots again. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks since boot. */
  readonly startTime: number;
}

export interface ProcessEntry extends ProcessId {
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** It has ended, and its parent has not asked how. */
  readonly dead: boolean;
}

/** This process, among all that ever were: with these, another life of the server can tell whether this one is over. */
export interface ProcessOwner extends ProcessId {
  readonly boot: string;
  /** The pid namespace: pids of another one mean nothing here. */
  readonly namespace: string;
}

/** At once, so that it can be noted before anything else happens. Null where the system does not tell (no /proc), or without such a process. */
export function identify(pid: number): ProcessId | null {
  const entry = readEntry(pid);
  return entry === null ? null : { pid, startTime: entry.startTime };
}

/** Null where the system does not tell. */
export function identifyOwner(pid: number): ProcessOwner | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const id = identify(pid);
    return id === null ? null : { ...id, boot, namespace: readlinkSync(`/proc/${pid}/ns/pid`) };
  } catch {
    return null;
  }
}

export function isAlive({ pid, startTime }: ProcessId): boolean {
  const entry = readEntry(pid);
  return entry !== null && !entry.dead && entry.startTime === startTime;
}

/** A process and all that came of it. */
export interface TreeRoot extends ProcessId {
  /** `NAME=value` of its environment, which no other tree has. What left the session is found by it. */
  readonly mark: string;
}

/**
 * Every living process of a tree: the group and the session of its root, what carries its mark, and what descends from all of
 * those. Null where the system does not tell.
 */
export async function findTree(root: TreeRoot): Promise<ProcessEntry[] | null> {
  const entries = await readAll();
  if (entries === null) return null;
  const young = entries.filter(({ startTime, pid }) => startTime >= root.startTime && pid !== process.pid);
  const members = new Set<number>();
  for (const { pid } of young) if (carries(pid, root.mark)) members.add(pid);
  if (isOwnSession(young, root, members)) {
    for (const { pid, group, session } of young) if (group === root.pid || session === root.pid) members.add(pid);
  }
  for (let grown = true; grown;) {
    const children = young.filter(({ pid, parent }) => members.has(parent) && !members.has(pid));
    for (const { pid } of children) members.add(pid);
    grown = children.length > 0;
  }
  return young.filter(({ pid, dead }) => members.has(pid) && !dead);
}

/** Whether the session of that number is the root's, and not one of somebody who got its pid later. */
function isOwnSession(entries: readonly ProcessEntry[], root: TreeRoot, marked: ReadonlySet<number>): boolean {
  if (root.pid === 0) return false;
  const leader = entries.find(({ pid }) => pid === root.pid);
  if (leader !== undefined) return leader.startTime === root.startTime;
  return entries.some(({ pid, session }) => session === root.pid && marked.has(pid));
}

async function readAll(): Promise<ProcessEntry[] | null> {
  const pids = listPids();
  if (pids === null) return null;
  const entries: ProcessEntry[] = [];
  for (const [index, pid] of pids.entries()) {
    const entry = readEntry(pid);
    if (entry !== null) entries.push(entry);
    if (index % BATCH === BATCH - 1) await breathe();
  }
  return entries;
}

function listPids(): number[] | null {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return null;
  }
}

/** Null without such a process. */
function readEntry(pid: number): ProcessEntry | null {
  try {
    return parseStat(pid, readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return null;
  }
}

function parseStat(pid: number, stat: string): ProcessEntry {
  // The name of the program stands in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [, parent, group, session] = fields.map(Number) as [number, number, number, number];
  return { pid, parent, group, session, startTime: Number(fields[19]), dead: fields[0] === 'Z' || fields[0] === 'X' };
}

function carries(pid: number, mark: string): boolean {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`.includes(`\0${mark}\0`);
  } catch {
    // Of another user, or gone.
    return false;
  }
}
