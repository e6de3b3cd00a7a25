import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon, caretRightIcon, InputGroup, ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import { signOf } from '../canvas/faces';
import { ENTRY_MIME } from '../canvas/host';
import type { CatalogEntry, Port } from '../schema';
import type { Components } from './components';

interface PaletteProps {
  components: Components;
  trans: TranslationBundle;
  add(entry: CatalogEntry): void;
}

/** Components to drag onto a canvas, by category; Enter and double-click add one, too. */
export class Palette extends ReactWidget {
  constructor(private readonly _props: PaletteProps) {
    super();
    this.addClass('tg-Palette');
    _props.components.changed.connect(this.update, this);
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    void this._props.components.fetch();
  }

  protected render(): React.ReactElement {
    return <PaletteView {...this._props} />;
  }
}

function PaletteView({ components, trans, add }: PaletteProps): React.ReactElement {
  const [query, setQuery] = React.useState('');
  const [closed, setClosed] = React.useState<ReadonlySet<string>>(new Set());
  const list = React.useRef<HTMLDivElement>(null);
  const found = search(components.entries, query);
  const toggle = (category: string): void =>
    setClosed(before => {
      const after = new Set(before);
      return after.delete(category) ? after : after.add(category);
    });
  return (
    <>
      <div className="tg-Panel-search">
        <InputGroup
          type="search"
          aria-label={trans.__('Search components')}
          placeholder={trans.__('Search components')}
          rightIcon="ui-components:search"
          value={query}
          onChange={(event: React.ChangeEvent<HTMLInputElement>) => setQuery(event.target.value)}
          onKeyDown={(event: React.KeyboardEvent) => event.key === 'ArrowDown' && step(list.current, null, 1)}
        />
      </div>
      {components.error && (
        <p className="tg-Panel-error" role="alert">
          {components.error}{' '}
          <button className="jp-mod-styled" onClick={() => void components.fetch()}>
            {trans.__('Try again')}
          </button>
        </p>
      )}
      <div className="tg-Palette-list" ref={list} role="tree" aria-label={trans.__('Components')}>
        {categories(found).map(([category, entries]) => {
          const open = query !== '' || !closed.has(category);
          return (
            <div key={category} role="none">
              <button
                className="tg-Palette-category"
                role="treeitem"
                aria-level={1}
                aria-expanded={open}
                onClick={() => toggle(category)}
                onKeyDown={move}
              >
                {open ? <caretDownIcon.react tag="span" /> : <caretRightIcon.react tag="span" />}
                <span className="tg-Palette-name">{category}</span>
                <span className="tg-Palette-count">{entries.length}</span>
              </button>
              {open && (
                <div role="group" aria-label={category}>
                  {entries.map(entry => (
                    <Entry key={entry.entry} entry={entry} trans={trans} add={add} />
                  ))}
                </div>
              )}
            </div>
          );
        })}
        {!found.length && components.fetched && !components.error && (
          <p className="tg-Panel-empty">{trans.__('No component is called “%1”.', query)}</p>
        )}
      </div>
    </>
  );
}

function Entry({ entry, trans, add }: Omit<PaletteProps, 'components'> & { entry: CatalogEntry }): React.ReactElement {
  const [sign, light] = signOf(entry.icon, false);
  const [, dark] = signOf(entry.icon, true);
  const colors = { '--tg-sign-light': light, '--tg-sign-dark': dark } as React.CSSProperties;
  const drag = (event: React.DragEvent): void => {
    event.dataTransfer.setData(ENTRY_MIME, entry.entry);
    event.dataTransfer.effectAllowed = 'copy';
  };
  const key = (event: React.KeyboardEvent<HTMLElement>): void => {
    if (event.key === 'Enter') {
      event.preventDefault();
      add(entry);
    } else {
      move(event);
    }
  };
  return (
    <div
      className="tg-Palette-entry"
      role="treeitem"
      aria-level={2}
      tabIndex={0}
      draggable
      title={tooltip(entry, trans)}
      data-entry={entry.entry}
      onDragStart={drag}
      onDoubleClick={() => add(entry)}
      onKeyDown={key}
    >
      <span className="tg-Palette-icon" style={colors} aria-hidden="true">
        {sign}
      </span>
      <span className="tg-Palette-text">
        <span className="tg-Palette-label">{entry.label}</span>
        {entry.description && <span className="tg-Palette-description">{firstLine(entry.description)}</span>}
      </span>
    </div>
  );
}

/** Arrow keys go from line to line. */
function move(event: React.KeyboardEvent<HTMLElement>): void {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by) {
    event.preventDefault();
    step(event.currentTarget.closest('.tg-Palette-list'), event.currentTarget, by);
  }
}

/** Give the focus to the line that comes `by` lines after `from`; without `from`, to the first component. */
function step(list: Element | null, from: Element | null, by: number): void {
  const lines = [...(list?.querySelectorAll<HTMLElement>(from ? '[role="treeitem"]' : '.tg-Palette-entry') ?? [])];
  const at = lines.findIndex(line => line === from);
  lines[Math.max(0, Math.min(lines.length - 1, at + by))]?.focus();
}

/** Entries that are called like that; if none is, those whose description speaks of it. */
function search(entries: readonly CatalogEntry[], query: string): readonly CatalogEntry[] {
  const words = query.toLowerCase().split(/\s+/);
  const having = (text: (entry: CatalogEntry) => string): CatalogEntry[] =>
    entries.filter(entry => words.every(word => text(entry).toLowerCase().includes(word)));
  const called = having(entry => `${entry.label} ${entry.category} ${entry.entry}`);
  return called.length ? called : having(entry => entry.description);
}

function categories(entries: readonly CatalogEntry[]): [string, CatalogEntry[]][] {
  const found = new Map<string, CatalogEntry[]>();
  for (const entry of entries) {
    found.set(entry.category, [...(found.get(entry.category) ?? []), entry]);
  }
  return [...found];
}

function tooltip(entry: CatalogEntry, trans: TranslationBundle): string {
  const ports = (title: string, all: readonly Port[]): string[] =>
    all.length ? ['', title, ...all.map(port => `  ${port.name}: ${port.type}${port.required ? ' *' : ''}`)] : [];
  return [
    entry.label,
    entry.description,
    ...ports(trans.__('Inputs'), entry.inputs),
    ...ports(trans.__('Outputs'), entry.outputs),
    '',
    trans.__('Drag it to a canvas, or press Enter')
  ].join('\n');
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0];
}
