import * as React from 'react';

import type { JsonValue } from '../../schema';

/** Children that are shown before one asks for more. */
const AT_ONCE = 100;

interface TreeProps {
  value: JsonValue;
  name?: string;
  open?: boolean;
}

/** JSON to open and close; what is closed isn't in the page. */
export function Tree({ value, name, open = false }: TreeProps): React.ReactElement {
  const [opened, setOpened] = React.useState(open);
  const [shown, setShown] = React.useState(AT_ONCE);
  if (value === null || typeof value !== 'object') {
    return (
      <div className="tg-Tree-leaf">
        {name !== undefined && <Name name={name} />}
        <Leaf value={value} />
      </div>
    );
  }
  const children = Array.isArray(value)
    ? value.map((child, index) => [String(index), child] as const)
    : Object.entries(value);
  const told = Array.isArray(value) ? `[${children.length}]` : `{${children.length}}`;
  return (
    <details className="tg-Tree" open={opened} onToggle={event => setOpened(event.currentTarget.open)}>
      <summary>
        {name !== undefined && <Name name={name} />}
        <span className="tg-quiet">{told}</span>
      </summary>
      {opened && (
        <div className="tg-Tree-children">
          {children.slice(0, shown).map(([key, child]) => (
            <Tree key={key} name={key} value={child} />
          ))}
          {children.length > shown && (
            <button className="tg-link" onClick={() => setShown(shown + 10 * AT_ONCE)}>
              {(children.length - shown).toLocaleString('en')} more
            </button>
          )}
        </div>
      )}
    </details>
  );
}

function Name({ name }: { name: string }): React.ReactElement {
  return <span className="tg-Tree-name">{name}: </span>;
}

function Leaf({ value }: { value: string | number | boolean | null }): React.ReactElement {
  const kind = value === null ? 'null' : typeof value;
  return <span className={`tg-Tree-${kind}`}>{JSON.stringify(value)}</span>;
}

/** The value that a text says, undefined if it isn't JSON. */
export function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined; // cut in the middle
  }
}
