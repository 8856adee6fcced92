import { MAX_PAGE_SIZE, type Page } from '../../platform/http/page.js';

/** All entries of a list that other systems do not divide into pages. */
export async function everyPage<T>(read: (page: { limit: number; cursor?: string }) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await read({ limit: MAX_PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) });
    all.push(...page.data);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return all;
}

/** The same of a list that goes on before the last entry of a page. */
export function everyEntry<T extends { readonly id: string }>(
  read: (page: { before: string | null; limit: number }) => Promise<T[]>,
): Promise<T[]> {
  return everyPage(async ({ limit, cursor: before = null }) => {
    const data = await read({ before, limit });
    return { data, next_cursor: data.length < limit ? null : (data.at(-1)?.id ?? null) };
  });
}
