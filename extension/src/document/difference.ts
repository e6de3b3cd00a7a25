import { JSONExt, type PartialJSONValue } from '@lumino/coreutils';

import type { Delta, Element } from '../schema';

/** Elements by id, in the order in which Python gave them. */
export type Elements = Map<string, Element>;

export function byId(elements: readonly Element[]): Elements {
  return new Map(elements.map(element => [element.data.id, element]));
}

/** Make `elements` what they are after `delta`. */
export function apply(elements: Elements, delta: Delta): void {
  delta.remove.forEach(id => elements.delete(id));
  [...delta.add, ...delta.update].forEach(element => elements.set(element.data.id, element));
}

/** What leads from one picture of a document to another, when somebody else wrote the text. */
export function difference(before: Elements, after: Elements, faults: string[]): Delta {
  const same = (one: Element, other: Element): boolean =>
    JSONExt.deepEqual(one as unknown as PartialJSONValue, other as unknown as PartialJSONValue);
  return {
    add: [...after.values()].filter(element => !before.has(element.data.id)),
    update: [...after.values()].filter(element => {
      const earlier = before.get(element.data.id);
      return earlier !== undefined && !same(earlier, element);
    }),
    remove: [...before.keys()].filter(id => !after.has(id)),
    faults
  };
}

export function isEmpty(delta: Delta): boolean {
  return !delta.add.length && !delta.update.length && !delta.remove.length;
}
