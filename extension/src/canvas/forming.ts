// What the property form leaves unsaid: defaults are shown, and never become part of what is sent.
import type { RJSFSchema } from '@rjsf/utils';

type Value = unknown;

/** Keywords whose values are schemas by name: a name there may be that of a keyword. */
const NAMED: ReadonlySet<string> = new Set(['properties', 'definitions', '$defs', 'patternProperties', 'dependencies']);

/** The schema without `default` and `examples`: a form would enter the ones and list the others. */
export function withoutDefaults<T extends RJSFSchema>(schema: T): T {
  return stripped(schema) as T;
}

function stripped(schema: Value, named = false): Value {
  if (Array.isArray(schema)) {
    return schema.map(each => stripped(each));
  }
  if (typeof schema !== 'object' || schema === null) {
    return schema;
  }
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([name]) => named || (name !== 'default' && name !== 'examples'))
      .map(([name, value]) => [name, name === 'enum' ? value : stripped(value, !named && NAMED.has(name))])
  );
}

/** A value without what is empty and was not so before: forms make objects and lists for what they show. */
export function pruned(value: Value, before: Value): Value {
  if (!isRecord(value)) {
    return value;
  }
  const old = isRecord(before) ? before : {};
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, each]): [string, Value] => [name, pruned(each, old[name])])
      .filter(([name, each]) => each !== undefined && (name in old || !isEmpty(each)))
  );
}

/** Whether a part of the form says no more than it says by itself. */
export function isNothing(value: Value): boolean {
  if (!isRecord(value)) {
    return isEmpty(value) || value === false || value === '';
  }
  return Object.entries(value).every(
    ([name, each]) => name === 'outputs' || (name === 'kind' && each === 'local') || isNothing(each)
  );
}

/** What a closed part of the form holds. */
export function inBrief(value: Value): string {
  if (Array.isArray(value)) {
    return value.filter(each => typeof each !== 'object').join(', ');
  }
  if (isRecord(value)) {
    return typeof value.kind === 'string' ? value.kind : '';
  }
  return '';
}

function isRecord(value: Value): value is Record<string, Value> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmpty(value: Value): boolean {
  return value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}
