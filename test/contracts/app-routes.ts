import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/internal';
import type { INestApplication } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { ENDPOINT_ACCESS } from '../../src/platform/http/endpoint.decorator.js';

export interface AppRoute {
  /** `RunsController.listRuns` */
  readonly handler: string;
  readonly access: unknown;
}

export interface AppGateway {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Every method of every controller that Nest routes to. */
export function routesOf(app: INestApplication): AppRoute[] {
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()]);
  return controllers.flatMap(({ metatype }) => (typeof metatype === 'function' ? routesOfClass(metatype) : []));
}

/** Every WebSocket gateway. */
export function gatewaysOf(app: INestApplication): AppGateway[] {
  const providers = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.providers.values()]);
  return providers.flatMap(({ metatype }) =>
    typeof metatype === 'function' && Reflect.hasMetadata('websockets:is_gateway', metatype)
      ? [
          {
            name: metatype.name,
            options: (Reflect.getMetadata('websockets:gateway_options', metatype) as Record<string, unknown> | undefined) ?? {},
          },
        ]
      : [],
  );
}

export function routesOfClass(controller: Function): AppRoute[] {
  const prototype = controller.prototype as Record<string, unknown>;
  return methodNames(prototype).flatMap((name) => {
    const handler = prototype[name];
    const routed =
      typeof handler === 'function' && Reflect.hasMetadata(METHOD_METADATA, handler) && Reflect.hasMetadata(PATH_METADATA, handler);
    return routed ? [{ handler: `${controller.name}.${name}`, access: Reflect.getMetadata(ENDPOINT_ACCESS, handler) as unknown }] : [];
  });
}

function methodNames(prototype: object): string[] {
  const names = new Set<string>();
  for (let at: object | null = prototype; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at) as object | null) {
    for (const name of Object.getOwnPropertyNames(at)) if (name !== 'constructor') names.add(name);
  }
  return [...names];
}
