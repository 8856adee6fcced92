import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Json } from '../../engine/index.js';
import { BadRequestError, UnprocessableError } from '../../platform/errors/app-error.js';
import { decodeBody } from '../../platform/http/body.js';
import { verifySignature } from '../../platform/secrets/index.js';
import type { HookReceiptDto } from './dto/trigger.dto.js';
import { FIRE_LEASE_MS, FireDispatcher } from './fires/fire-dispatcher.js';
import { fireInputs, triggerView } from './fires/fire-inputs.js';
import { FireStore } from './fires/fire-store.js';
import { HookAccessIssuer } from './hook-access.js';
import type { WebhookConfig } from './trigger-definition.js';
import type { TriggerRow } from './trigger-row.js';
import { TriggerStore } from './trigger-store.js';
import { badSignature, triggerDisabled, unknownHook } from './triggers.errors.js';

export interface HookCall {
  readonly token: string;
  readonly headers: IncomingHttpHeaders;
  readonly query: Readonly<Record<string, unknown>>;
  /** As it was sent: signatures are of bytes. */
  readonly body: Buffer;
}

/** Headers that are the sender's own business. */
const PRIVATE_HEADERS = new Set(['authorization', 'cookie', 'proxy-authorization']);
const MESSAGE_ID = /^[\x21-\x7e]{1,255}$/;

/** Takes calls from outside. One message makes one run, however often it is sent. */
@Injectable()
export class HooksService {
  constructor(
    private readonly triggers: TriggerStore,
    private readonly access: HookAccessIssuer,
    private readonly fires: FireStore,
    private readonly dispatcher: FireDispatcher,
  ) {}

  async receive(call: HookCall): Promise<HookReceiptDto> {
    const trigger = await this.find(call.token);
    this.verify(trigger, call);
    if (!trigger.enabled) throw triggerDisabled();
    const messageId = messageIdOf(call.headers);
    const { inputs, error } = fireInputs(trigger, {
      trigger: triggerView(trigger, { received_at: new Date().toISOString(), message_id: messageId }),
      body: contentOf(call),
      headers: shownHeaders(call.headers),
      query: texts(call.query),
    });
    if (error !== null) throw new UnprocessableError('the inputs cannot be made of this call', [{ path: '', ...error }], error.code);

    const fire = { runId: uuidv7(), triggerId: trigger.id, key: messageId ?? randomUUID(), inputs, chain: [], error: null };
    const { run_id, status, fresh } = await this.fires.accept(fire, FIRE_LEASE_MS);
    if (status === 'pending') {
      await this.dispatcher.start({ run_id, tenant_id: trigger.tenant_id, workflow_id: trigger.workflow_id, kind: 'webhook', inputs });
    }
    return { run_id, duplicate: !fresh };
  }

  private async find(token: string): Promise<TriggerRow> {
    const key = this.access.lookupKey(token);
    const trigger = key === null ? null : await this.triggers.findByToken(key);
    if (trigger === null) throw unknownHook();
    return trigger;
  }

  private verify(trigger: TriggerRow, { headers, body }: HookCall): void {
    if ((trigger.config as unknown as WebhookConfig).verify === 'none') return;
    if (trigger.secret === null) throw unknownHook();
    const verdict = verifySignature(this.access.signingSecret(trigger.id, trigger.secret), headers, body, Date.now());
    if (verdict !== 'valid') throw badSignature(verdict);
  }
}

function messageIdOf(headers: IncomingHttpHeaders): string | null {
  const id = headers['webhook-id'];
  if (id === undefined) return null;
  if (typeof id !== 'string' || !MESSAGE_ID.test(id)) throw new BadRequestError('webhook-id is 1 to 255 printable ASCII characters');
  return id;
}

/** What expressions see as `body`: JSON and forms as values, all else as text, nothing as null. */
function contentOf({ headers, body }: HookCall): Json {
  if (body.length === 0) return null;
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json' || type.endsWith('+json')) return decodeBody(body, 'json') as Json;
  const text = (decodeBody(body, 'yaml') as string).replaceAll('\0', '');
  return type === 'application/x-www-form-urlencoded' ? Object.fromEntries(new URLSearchParams(text)) : text;
}

function shownHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  return texts(Object.fromEntries(Object.entries(headers).filter(([name]) => !PRIVATE_HEADERS.has(name))));
}

function texts(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => {
      const text = Array.isArray(value) ? value.join(', ') : value;
      return typeof text === 'string' && name !== '__proto__' ? [[name, text.toWellFormed().replaceAll('\0', '')]] : [];
    }),
  );
}
