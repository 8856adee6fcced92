import { applyDecorators, Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';

/** Mark discovered classes; only the registry reads them. */
export const ToolMark = DiscoveryService.createDecorator<never>();
export const ToolSourceMark = DiscoveryService.createDecorator<never>();

/**
 * Makes a class a tool that every tenant has: an injectable that implements `Tool`. Listing it among the providers of any
 * module is all that is needed; `ToolRegistry` finds it at boot.
 */
export function ToolProvider(): ClassDecorator {
  return applyDecorators(Injectable(), ToolMark());
}

/** Makes a class a source of tools: an injectable that implements `ToolSource`. */
export function ToolSourceProvider(): ClassDecorator {
  return applyDecorators(Injectable(), ToolSourceMark());
}
