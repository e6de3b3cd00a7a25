import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

interface SectionProps {
  title: string;
  /** How many things are in it, or another short fact. */
  fact?: string;
  open?: boolean;
  children(): React.ReactNode;
}

/** Sections that were opened or closed stay so, whatever node is looked at. */
const remembered = new Map<string, boolean>();

/** A part of the inspector to open and close; its content is made when it is open. */
export function Section({ title, fact, open = false, children }: SectionProps): React.ReactElement {
  const [chosen, setChosen] = React.useState(remembered.get(title));
  const opened = chosen ?? open;
  const id = React.useId();
  const toggle = (): void => {
    remembered.set(title, !opened);
    setChosen(!opened);
  };
  const Caret = opened ? caretDownIcon : caretRightIcon;
  return (
    <section className="tg-Section">
      <h3>
        <button className="tg-Section-head" aria-expanded={opened} aria-controls={id} onClick={toggle} onKeyDown={walk}>
          <Caret.react tag="span" />
          {title}
          {fact && <span className="tg-Section-fact">{fact}</span>}
        </button>
      </h3>
      {opened && (
        <div className="tg-Section-body" id={id}>
          {children()}
        </div>
      )}
    </section>
  );
}

/** Up and down go from head to head. */
function walk(event: React.KeyboardEvent<HTMLElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    const all = event.currentTarget.closest('.tg-Inspector')?.querySelectorAll<HTMLElement>('.tg-Section-head');
    const heads = [...(all ?? [])];
    heads[heads.indexOf(event.currentTarget) + step]?.focus();
    event.preventDefault();
  }
}
