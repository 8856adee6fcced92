import { hash } from 'node:crypto';
import { isJsonObject, type Json, type JsonObject } from '../model/json.js';
import type { RunEventType } from '../model/run-event.js';
import type { Artifacts, OutputRef } from '../ports/artifacts.js';
import type { JournalEntry } from './journal-entry.js';

/** Where rows of a type hold an output. */
const OUTPUT_MEMBER: Partial<Record<RunEventType, 'output' | 'outputs'>> = { 'step.completed': 'output', 'run.completed': 'outputs' };
/** What they hold in its place when it is kept outside of the journal. */
const REF_MEMBER = 'output_ref';
const LOADED_AT_A_TIME = 8;

/** An output that is taken out of a row, and the row without it. */
export interface LargeOutput {
  readonly step: string | null;
  readonly ref: OutputRef;
  readonly json: string;
  /** The row's data with the reference. */
  readonly data: string;
}

/** The row that is about to be appended. */
interface Row {
  readonly runId: string;
  readonly type: RunEventType;
  readonly step: string | null;
  /** `data` as text, as it would be stored. */
  readonly text: string;
  /** The same, parsed. */
  readonly data: JsonObject;
}

/**
 * Outputs above a limit live outside of the journal; their rows name them by id and hash. Whoever executes or shows a run gets
 * them back in place, so that nobody else knows of it. Without artifacts everything stays in the journal.
 */
export class LargeOutputs {
  constructor(
    private readonly artifacts: Artifacts | null,
    /** Bytes of JSON. */
    private readonly limit: number,
  ) {}

  /** Takes a large output out of a row; null when there is none. */
  takeOut({ runId, type, step, text, data }: Row): LargeOutput | null {
    if (this.isShort(text)) return null;
    const member = OUTPUT_MEMBER[type];
    if (member === undefined || Buffer.byteLength(text) <= this.limit) return null;
    const { [member]: output, ...rest } = data;
    const json = JSON.stringify(output ?? null);
    const size = Buffer.byteLength(json);
    if (size <= this.limit) return null;
    const ref: OutputRef = { id: outputId(runId, step), size, sha256: hash('sha256', json, 'hex') };
    return { step, ref, json, data: JSON.stringify({ ...rest, [REF_MEMBER]: ref }) };
  }

  /** Stores what was taken out. `epoch` is null for a run that is yet to be created. Throws as `Artifacts.storeOutput` does. */
  async store(run: { readonly tenant: string; readonly runId: string; readonly epoch: number | null }, output: LargeOutput): Promise<void> {
    const { step, ref, json } = output;
    await this.artifacts?.storeOutput({ ...run, step, ref, json });
  }

  /** Rows of another run, complete, as a new run keeps them: the large outputs are stored once more, as its own. */
  async keep(tenant: string, runId: string, entries: readonly JournalEntry[]): Promise<readonly JournalEntry[]> {
    const kept: JournalEntry[] = [];
    for (const entry of entries) {
      const { type, step, data: text } = entry;
      const large = this.isShort(text) ? null : this.takeOut({ runId, type, step, text, data: JSON.parse(text) as JsonObject });
      if (large !== null) await this.store({ tenant, runId, epoch: null }, large);
      kept.push(large === null ? entry : { ...entry, data: large.data });
    }
    return kept;
  }

  /** Rows of a run with every output in its place. Those that had none keep matching their hash, the others do not. Throws as `Artifacts.loadOutput` does. */
  async putBack(tenant: string, entries: readonly JournalEntry[]): Promise<readonly JournalEntry[]> {
    const large = entries.flatMap((entry, index) => {
      const data = refers(entry) ? (JSON.parse(entry.data) as JsonObject) : null;
      const ref = data === null ? null : outputRefOf(data);
      return data === null || ref === null ? [] : [{ entry, index, data, ref }];
    });
    if (large.length === 0) return entries;
    const complete = [...entries];
    for (let at = 0; at < large.length; at += LOADED_AT_A_TIME) {
      await Promise.all(
        large.slice(at, at + LOADED_AT_A_TIME).map(async ({ entry, index, data, ref }) => {
          const { [REF_MEMBER]: _, ...rest } = data;
          const head = JSON.stringify(rest).slice(0, -1);
          const member = `${head === '{' ? '' : ','}"${OUTPUT_MEMBER[entry.type]}":`;
          complete[index] = { ...entry, data: `${head}${member}${await this.json(tenant, ref)}}` };
        }),
      );
    }
    return complete;
  }

  /** The output that a reference names. Throws as `Artifacts.loadOutput` does. */
  async load(tenant: string, ref: OutputRef): Promise<Json> {
    return JSON.parse(await this.json(tenant, ref)) as Json;
  }

  /** Most rows need no counting: no text has more than three bytes to a UTF-16 unit. */
  private isShort(text: string): boolean {
    return this.artifacts === null || text.length * 3 <= this.limit;
  }

  private async json(tenant: string, ref: OutputRef): Promise<string> {
    if (this.artifacts === null) throw new Error('this engine keeps no outputs outside of the journal');
    return await this.artifacts.loadOutput({ tenant, ref });
  }
}

/** The reference in the data of a `step.completed` or `run.completed` row whose output is kept outside of the journal. */
export function outputRefOf(data: JsonObject): OutputRef | null {
  const ref = data[REF_MEMBER];
  return isJsonObject(ref) ? (ref as OutputRef) : null;
}

/** Whether it is worth looking for a reference in the row. */
function refers(entry: JournalEntry): boolean {
  return OUTPUT_MEMBER[entry.type] !== undefined && entry.data.includes(`"${REF_MEMBER}":`);
}

/**
 * The same for every execution, so that an output that is stored again, after a crash or by a repeated request, replaces itself
 * and what refers to it stays right. A UUID of version 8.
 */
function outputId(runId: string, step: string | null): string {
  const bytes = hash('sha256', `${runId}/${step ?? ''}`, 'buffer').subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
