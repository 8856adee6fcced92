import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second, whatever the kernel's own tick is. */
const TICKS_PER_SECOND = 100;

interface Usage {
  readonly parent: number;
  readonly seconds: number;
}

/** CPU seconds of a process and all its descendants, ended ones included; null where there is no /proc. */
export function cpuSeconds(pid: number): number | null {
  if (!existsSync('/proc/self/stat')) return null;
  const usages = new Map<number, Usage>();
  for (const name of readdirSync('/proc')) {
    const usage = /^\d+$/.test(name) ? usageOf(name) : null;
    if (usage !== null) usages.set(Number(name), usage);
  }
  const belongs = (id: number): boolean => id === pid || (id > 1 && belongs(usages.get(id)?.parent ?? 0));
  return [...usages].filter(([id]) => belongs(id)).reduce((sum, [, usage]) => sum + usage.seconds, 0);
}

function usageOf(pid: string): Usage | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const at = (index: number): number => fields[index] ?? 0;
    // Own user and system time, then those of children that ended.
    return { parent: at(1), seconds: (at(11) + at(12) + at(13) + at(14)) / TICKS_PER_SECOND };
  } catch {
    return null;
  }
}
