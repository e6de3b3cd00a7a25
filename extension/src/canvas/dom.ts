// Small elements, made without ever reading text as HTML.
import type { LabIcon } from '@jupyterlab/ui-components';

type Attributes = Record<string, string | number | boolean>;

/** An element with attributes and contents; strings become text nodes. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...contents: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
  element.append(...contents);
  return element;
}

/** A button that shows an icon; its name is read out and shown as a tooltip. */
export function iconButton(icon: LabIcon, title: string, press: () => void): HTMLButtonElement {
  const button = make('button', { type: 'button', class: 'tg-button', title, 'aria-label': title });
  button.append(icon.element({ tag: 'span', elementSize: 'normal', className: 'tg-icon' }));
  button.addEventListener('click', press);
  return button;
}

/** The point of a mouse or touch event in `element`'s own pixels. */
export function pointIn(element: HTMLElement, event: { clientX: number; clientY: number }): [number, number] {
  const box = element.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

/** Whether keys pressed in `target` belong to a text field and not to the canvas. */
export function isTextField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.closest('input, textarea, select, .cm-editor') !== null)
  );
}
