import { Injectable, type PipeTransform } from '@nestjs/common';
import { NotFoundError } from '../errors/app-error.js';
import { isUuid } from './cursor.js';

/** A path parameter that is an id. What cannot be an id names nothing, so it is a 404: `@Param('id', new IdPipe('run')) id: string`. */
@Injectable()
export class IdPipe implements PipeTransform<string, string> {
  constructor(private readonly what: string = 'resource') {}

  transform(value: string): string {
    if (!isUuid(value)) throw new NotFoundError(this.what);
    return value.toLowerCase();
  }
}
