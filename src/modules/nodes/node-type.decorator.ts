import { applyDecorators, Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';

/** Marks discovered classes; only the registry reads it. */
export const NodeTypeMark = DiscoveryService.createDecorator<never>();

/**
 * Makes a class a node type: an injectable that implements the engine's `NodeType` port. Listing it among the providers of
 * any module is all that is needed; `NodeTypeRegistry` finds it at boot.
 */
export function NodeTypeProvider(): ClassDecorator {
  return applyDecorators(Injectable(), NodeTypeMark());
}
