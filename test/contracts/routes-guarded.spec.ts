import { Controller, Get, type INestApplication } from '@nestjs/common';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeApp } from '../../src/app.setup.js';
import { loadConfig } from '../../src/config/index.js';
import { Endpoint } from '../../src/platform/http/endpoint.decorator.js';
import { PERMISSIONS } from '../../src/platform/http/permissions.js';
import { gatewaysOf, routesOf, routesOfClass } from './app-routes.js';

/** What answers without a key. A new line here is a decision. */
const PUBLIC = [
  'AstromeshSystemController.getHealth',
  'FlowEngineSystemController.healthCheck',
  'FlwdSystemController.getHealth',
  'HealthController.getHealth',
  'HealthController.getLiveness',
  'HealthController.getReadiness',
  'HooksController.receiveHook',
  'MeshNotYetController.getMetrics',
  'MeshSystemController.health',
  'MeshSystemController.live',
  'MeshSystemController.ready',
  'RootSystemController.getHealth',
  'RootSystemController.getMetrics',
];

let app: INestApplication;

beforeAll(async () => {
  app = await describeApp(loadConfig({}));
});
afterAll(async () => {
  await app.close();
});

it('every route says who may call it', () => {
  const known = new Set<unknown>([...PERMISSIONS, 'public', 'authenticated']);
  const routes = routesOf(app);
  expect(routes.length).toBeGreaterThan(8);
  expect(routes.filter(({ access }) => !known.has(access))).toEqual([]);
});

it('only what must be is public', () => {
  const open = routesOf(app).filter(({ access }) => access === 'public');
  expect(open.map(({ handler }) => handler).sort()).toEqual(PUBLIC);
});

it('every socket says who may open it', () => {
  const known = new Set<unknown>([...PERMISSIONS, 'authenticated']);
  expect(gatewaysOf(app).filter(({ options }) => !known.has(options['access']))).toEqual([]);
});

it('would notice one that does not', () => {
  @Controller()
  class Forgetful {
    @Get('a')
    @Endpoint({ access: 'runs.read', operationId: 'a', summary: 'a' })
    guarded(): void {}

    @Get('b')
    forgotten(): void {}

    helper(): void {}
  }
  class Heir extends Forgetful {}
  expect(routesOfClass(Heir)).toEqual([
    { handler: 'Heir.guarded', access: 'runs.read' },
    { handler: 'Heir.forgotten', access: undefined },
  ]);
});
