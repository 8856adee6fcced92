import { Body, Controller, HttpException, Injectable, Post, Res } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { IsOptional, IsString } from 'class-validator';
import type { Response as ExpressResponse } from 'express';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConflictError } from '../../src/platform/errors/app-error.js';
import { Endpoint } from '../../src/platform/http/endpoint.decorator.js';
import { IdempotencyStore } from '../../src/platform/http/idempotency.store.js';
import { Idempotent, ReservedId } from '../../src/platform/http/idempotent.decorator.js';
import { type EdgeApp, json, startEdgeApp } from '../support/edge-app.js';

class ThingDto {
  @IsString()
  name: string;

  @IsString()
  @IsOptional()
  behaviour?: string;
}

@Injectable()
class Things {
  readonly made: (string | undefined)[] = [];
  private gate: Promise<void> = Promise.resolve();
  open: () => void = () => {};

  close(): void {
    this.gate = new Promise((resolve) => {
      this.open = resolve;
    });
  }

  async make(id: string | undefined, behaviour: string | undefined): Promise<void> {
    this.made.push(id);
    await this.gate;
    if (behaviour === 'fail') throw new Error('the disk is full');
    if (behaviour === 'unavailable') throw new HttpException('later', 503);
    if (behaviour === 'conflict') throw new ConflictError('taken', 'the name is taken');
  }
}

@Controller('things')
class ThingsController {
  constructor(private readonly things: Things) {}

  @Post()
  @Endpoint({ access: 'runs.create', operationId: 'makeThing', summary: 'make' })
  @Idempotent()
  async make(
    @Body() body: ThingDto,
    @ReservedId() id: string | undefined,
    @Res({ passthrough: true }) response: ExpressResponse,
  ): Promise<unknown> {
    await this.things.make(id, body.behaviour);
    response.status(202).setHeader('Location', `/things/${id}`);
    return { id: id ?? null, name: body.name, at: this.things.made.length };
  }

  @Post('others')
  @Endpoint({ access: 'runs.create', operationId: 'makeOther', summary: 'make' })
  @Idempotent()
  other(@ReservedId() id: string | undefined): unknown {
    return { id };
  }
}

const PATH = '/api/v1/things';
let app: EdgeApp;
let things: Things;
let database: DataSource;

@Injectable()
class Handle {
  constructor(@InjectDataSource() readonly database: DataSource) {}
}

beforeAll(async () => {
  app = await startEdgeApp({ controllers: [ThingsController], providers: [Things, Handle] });
  things = app.nest.get(Things);
  ({ database } = app.nest.get(Handle));
});
afterAll(async () => {
  await app.close();
});

function post(key: string | undefined, body: unknown, path = PATH): Promise<Response> {
  return app.fetch(path, json('POST', body, key === undefined ? {} : { 'idempotency-key': key }));
}

describe('a repeated request', () => {
  it('gets the stored reply: same status, headers, body, and the resource exists once', async () => {
    const before = things.made.length;
    const first = await post('repeat', { name: 'a' });
    const second = await post('repeat', { name: 'a' });
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    expect(second.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect(await second.text()).toBe(await first.text());
    expect(things.made.length).toBe(before + 1);
  });

  it('is refused with another body, and is another request on another route or for another tenant', async () => {
    const first = (await (await post('shared', { name: 'a' })).json()) as { id: string };
    const other = await post('shared', { name: 'b' });
    expect(other.status).toBe(409);
    expect(await other.json()).toMatchObject({ code: 'idempotency_key_reused' });
    const elsewhere = (await (await post('shared', { name: 'b' }, `${PATH}/others`)).json()) as { id: string };
    expect(elsewhere.id).not.toBe(first.id);
    const issued = (await (await app.fetch('/api/v1/api-keys', json('POST', { name: 'x', role: 'operator', tenant: 'other' }))).json()) as {
      key: string;
    };
    const foreign = await app.fetch(PATH, { ...json('POST', { name: 'a' }, { 'idempotency-key': 'shared' }), key: issued.key });
    expect(foreign.headers.get('idempotency-replayed')).toBeNull();
  });

  it('waits its turn while the first is under way', async () => {
    things.close();
    const first = post('slow', { name: 'a' });
    await expect.poll(async () => (await post('slow', { name: 'a' })).status).toBe(409);
    const meanwhile = await post('slow', { name: 'a' });
    expect(await meanwhile.json()).toMatchObject({ code: 'idempotency_in_flight' });
    expect(Number(meanwhile.headers.get('retry-after'))).toBeGreaterThan(0);
    things.open();
    expect((await first).status).toBe(202);
    expect((await post('slow', { name: 'a' })).headers.get('idempotency-replayed')).toBe('true');
  });

  it('runs once however many arrive at once', async () => {
    const before = things.made.length;
    const answers = await Promise.all(Array.from({ length: 20 }, () => post('burst', { name: 'a' })));
    expect(things.made.length).toBe(before + 1);
    expect(answers.every((answer) => answer.status === 202 || answer.status === 409)).toBe(true);
  });

  it('gets a refusal again too, but not a failure of the server', async () => {
    expect((await post('refused', { name: 'a', behaviour: 'conflict' })).status).toBe(409);
    const again = await post('refused', { name: 'a', behaviour: 'conflict' });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('content-type')).toContain('application/problem+json');
    expect(await again.json()).toMatchObject({ code: 'taken' });

    for (const [behaviour, status] of [
      ['fail', 500],
      ['unavailable', 503],
    ] as const) {
      const before = things.made.length;
      expect((await post(behaviour, { name: 'a', behaviour })).status).toBe(status);
      expect((await post(behaviour, { name: 'a', behaviour })).status).toBe(status);
      const [first, second] = things.made.slice(before);
      expect(first).toBeDefined();
      expect(second).toBe(first);
    }
  });

  it('may be mended when it was refused before it began', async () => {
    expect((await post('typo', { nmae: 'a' })).status).toBe(422);
    const mended = await post('typo', { name: 'a' });
    expect(mended.status).toBe(202);
    expect(mended.headers.get('idempotency-replayed')).toBeNull();
  });

  it('after a crash before the reply was stored makes the same resource', async () => {
    const store = app.nest.get(IdempotencyStore);
    const first = await post('crash', { name: 'a' });
    const { id } = (await first.json()) as { id: string };
    await database.query(
      `UPDATE idempotency_keys SET response_status = NULL, response_body = NULL, locked_until = now() - interval '1 s' WHERE key = 'crash'`,
    );
    const retried = await post('crash', { name: 'a' });
    expect(retried.status).toBe(202);
    expect(retried.headers.get('idempotency-replayed')).toBeNull();
    expect(await retried.json()).toMatchObject({ id });
    await store.deleteExpired();
    expect((await post('crash', { name: 'a' })).headers.get('idempotency-replayed')).toBe('true');
  });

  it('is a new one when the key has expired', async () => {
    const { id } = (await (await post('old', { name: 'a' })).json()) as { id: string };
    await database.query(`UPDATE idempotency_keys SET expires_at = now() - interval '1 s' WHERE key = 'old'`);
    const fresh = (await (await post('old', { name: 'another body' })).json()) as { id: string };
    expect(fresh.id).not.toBe(id);
    await database.query(`UPDATE idempotency_keys SET expires_at = now() - interval '1 s' WHERE key = 'old'`);
    await app.nest.get(IdempotencyStore).deleteExpired();
    expect(await database.query(`SELECT 1 FROM idempotency_keys WHERE key = 'old'`)).toHaveLength(0);
  });
});

describe('an Idempotency-Key', () => {
  it('is optional', async () => {
    expect(await (await post(undefined, { name: 'a' })).json()).toMatchObject({ id: null });
  });

  it.each(['x'.repeat(256), 'tab\there', ''])('is refused when it is %j', async (key) => {
    const response = await post(key, { name: 'a' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'bad_idempotency_key' });
  });
});
