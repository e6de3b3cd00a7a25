// The property form: JupyterLab's own form component, fed with the JSON Schema that Python gives.
import { FormComponent } from '@jupyterlab/ui-components';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { ErrorSchema, FieldProps, RJSFSchema, UiSchema, ValidatorType } from '@rjsf/utils';
import React from 'react';

import { inBrief, isNothing, withoutDefaults } from './forming';

export interface FormProps {
  /** What the form is about: another one opens and closes its sections anew. */
  id: string;
  schema: RJSFSchema;
  data: ReadonlyJSONObject;
  faults: readonly string[];
  readOnly: boolean;
  change: (data: ReadonlyJSONObject) => void;
}

export function Form({ id, schema, data, faults, readOnly, change }: FormProps): JSX.Element {
  const { atFields, others } = shareOut(faults, schema);
  const bare = React.useMemo(() => withoutDefaults(schema), [schema]);
  return (
    <>
      {others.length > 0 && (
        <ul className="tg-form-faults" role="alert">
          {others.map(fault => (
            <li key={fault}>{fault}</li>
          ))}
        </ul>
      )}
      <FormComponent
        key={id}
        schema={{ ...bare, title: undefined, description: undefined }}
        uiSchema={appearance(schema, schema, data)}
        formData={data}
        extraErrors={atFields}
        showErrorList={false}
        validator={TRUSTING}
        noValidate
        compact
        readonly={readOnly}
        idPrefix="tg-form"
        formContext={{}}
        fields={FIELDS}
        experimental_defaultFormStateBehavior={{
          emptyObjectFields: 'skipDefaults',
          constAsDefaults: 'never',
          arrayMinItems: { populate: 'never' }
        }}
        onChange={event => change(event.formData ?? {})}
      />
    </>
  );
}

/** Python checks what is entered; here only the branch of a union is found that a value belongs to. */
const TRUSTING: ValidatorType = {
  validateFormData: () => ({ errors: [], errorSchema: {} }),
  toErrorList: () => [],
  rawValidation: () => ({ errors: [] }),
  isValid: (schema, data) => looksLike(schema, data)
};

function looksLike(schema: RJSFSchema, data: unknown): boolean {
  if (schema.const !== undefined) {
    return schema.const === data;
  }
  if (schema.enum) {
    return schema.enum.some(one => one === data);
  }
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches) {
    return branches.some(one => typeof one === 'object' && looksLike(one, data));
  }
  const kinds = schema.type === undefined ? [] : [schema.type].flat();
  return kinds.length === 0 || kinds.some(kind => isOfType(kind, data));
}

function isOfType(kind: string, data: unknown): boolean {
  switch (kind) {
    case 'null':
      return data === null;
    case 'array':
      return Array.isArray(data);
    case 'object':
      return typeof data === 'object' && data !== null && !Array.isArray(data);
    case 'integer':
      return Number.isInteger(data);
    default:
      return typeof data === kind;
  }
}

/** Values of any kind are written as JSON, or as plain text if they are none. */
function JsonField({ formData, onChange, id, idSchema, name, schema, uiSchema, readonly }: FieldProps): JSX.Element {
  const [text, setText] = React.useState(asText(formData));
  const [writing, setWriting] = React.useState(false);
  const label = uiSchema?.['ui:title'] ?? schema.title ?? name;
  return (
    <div className="tg-json" title={schema.description}>
      <label htmlFor={id ?? idSchema.$id}>{label}</label>
      <input
        id={id ?? idSchema.$id}
        type="text"
        className="form-control"
        spellCheck={false}
        readOnly={readonly}
        placeholder={uiSchema?.['ui:placeholder']}
        value={writing ? text : asText(formData)}
        onFocus={() => {
          setText(asText(formData));
          setWriting(true);
        }}
        onBlur={() => setWriting(false)}
        onChange={event => {
          setText(event.target.value);
          onChange(asValue(event.target.value));
        }}
      />
    </div>
  );
}

/** A part of the form to open; it is open at first if it holds something, or a fault. */
function SectionField(props: FieldProps): JSX.Element {
  const { schema, uiSchema, formData, errorSchema, registry, name } = props;
  const faulty = Object.keys(errorSchema ?? {}).length > 0;
  const [chosen, choose] = React.useState(!isNothing(formData));
  const open = chosen || faulty;
  const { ArrayField, ObjectField } = registry.fields;
  const Content = schema.type === 'array' ? ArrayField : ObjectField;
  return (
    <details className="tg-form-section" open={open} onToggle={event => choose(event.currentTarget.open)}>
      <summary>
        {schema.title ?? name}
        {!open && <span>{inBrief(formData)}</span>}
      </summary>
      <Content {...props} uiSchema={{ ...uiSchema, 'ui:field': undefined }} />
    </details>
  );
}

const FIELDS = { json: JsonField, section: SectionField };

function asText(value: unknown): string {
  return value === undefined
    ? ''
    : typeof value === 'string' && asValue(value) === value
      ? value
      : JSON.stringify(value);
}

function asValue(text: string): unknown {
  if (text.trim() === '') {
    return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** How fields look: those whose type is open as JSON, defaults as what is seen as long as nothing is entered. */
function appearance(schema: RJSFSchema, root: RJSFSchema, data: unknown, depth = 0): Look {
  const ui: Look = {};
  if (depth > 6) {
    return ui; // a schema that refers to itself
  }
  const values = isObject(data) ? data : {};
  for (const [name, given] of Object.entries({ ...schema.properties, ...dependent(schema, values) })) {
    const own = typeof given === 'object' ? resolved(given, root) : {};
    ui[name] = lookOf(own, root, values[name], depth);
  }
  if (typeof schema.additionalProperties === 'object') {
    ui.additionalProperties = lookOf(resolved(schema.additionalProperties, root), root, undefined, depth);
  }
  if (isObject(schema.items)) {
    const item = resolved(schema.items, root);
    // else each would be called by the list's name in the document, and its number
    ui.items = { ...lookOf(item, root, undefined, depth), 'ui:title': item.title ?? schema.title };
  }
  return ui;
}

type Look = UiSchema<ReadonlyJSONObject>;

function lookOf(schema: RJSFSchema, root: RJSFSchema, data: unknown, depth: number): Look {
  const ui: Look = appearance(schema, root, data, depth + 1);
  const seen = placeholder(schema);
  if (seen !== undefined) {
    ui['ui:placeholder'] = seen;
  }
  if (schema.anyOf) {
    ui.anyOf = schema.anyOf.map(each => (typeof each === 'object' ? lookOf(each, root, undefined, depth + 1) : {}));
  }
  if (isOpen(schema)) {
    ui['ui:field'] = 'json';
  } else if (depth <= 1 && (schema.title === SETTINGS || (depth === 1 && isMade(schema)))) {
    ui['ui:field'] = 'section';
  } else if (schema.type === 'boolean' && schema.default === true) {
    ui['ui:widget'] = 'select'; // a box that isn't ticked would say no
  }
  return ui;
}

/** The title of the part of a node's form that isn't its inputs. */
const SETTINGS = 'Settings';

function isMade(schema: RJSFSchema): boolean {
  return schema.type === 'object' || schema.type === 'array';
}

/** What a field shows as long as it has no value. */
function placeholder(schema: RJSFSchema): string | undefined {
  if (schema.default !== undefined && schema.default !== null && !isObject(schema.default)) {
    return asText(schema.default);
  }
  const [example] = Array.isArray(schema.examples) ? schema.examples : [];
  return typeof example === 'string' ? example : undefined;
}

/** Fields that are there because another one has its value. */
function dependent(schema: RJSFSchema, values: Record<string, unknown>): RJSFSchema['properties'] {
  const found: NonNullable<RJSFSchema['properties']> = {};
  for (const [name, given] of Object.entries(schema.dependencies ?? {})) {
    const cases = isObject(given) ? ((given as RJSFSchema).oneOf ?? []) : [];
    for (const { properties, ...others } of cases.filter(each => typeof each === 'object')) {
      const own = properties?.[name];
      if (Object.keys(others).length === 0 && typeof own === 'object' && own.enum?.includes(values[name] as string)) {
        Object.assign(found, { ...properties, [name]: schema.properties?.[name] ?? {} });
      }
    }
  }
  return found;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function resolved(schema: RJSFSchema, root: RJSFSchema): RJSFSchema {
  const name = schema.$ref?.match(/^#\/(?:\$defs|definitions)\/(.+)$/)?.[1];
  const found = name ? (root.$defs?.[name] ?? root.definitions?.[name]) : undefined;
  return typeof found === 'object' ? found : schema;
}

function isOpen(schema: RJSFSchema): boolean {
  return !schema.type && !schema.enum && !schema.anyOf && !schema.oneOf && !schema.$ref && schema.const === undefined;
}

/** Faults that name a field are shown at it, the others above the form. */
function shareOut(faults: readonly string[], schema: RJSFSchema): { atFields: ErrorSchema; others: string[] } {
  const atFields: Faulty = {};
  const others: string[] = [];
  for (const fault of faults) {
    const [, path, message] = fault.match(/^([A-Za-z_][\w.[\]-]*): (.+)$/s) ?? [];
    const place = path && placeOf(path.split(/[.[\]]+/).filter(Boolean), schema);
    if (place) {
      const field = place.reduce<Faulty>((at, name) => (at[name] ??= {}) as Faulty, atFields);
      field.__errors = [...(field.__errors ?? []), message];
    } else {
      others.push(fault);
    }
  }
  return { atFields: atFields as ErrorSchema, others };
}

interface Faulty {
  [name: string]: Faulty | string[] | undefined;
  __errors?: string[];
}

/** Where the form has a field of the document: inputs are among its arguments, others among its settings. */
function placeOf([first, ...rest]: string[], schema: RJSFSchema): string[] | null {
  const has = (part: string, name: string) => {
    const own = schema.properties?.[part];
    return typeof own === 'object' && own.properties !== undefined && name in own.properties;
  };
  if (first === 'inputs' && rest.length && has('arguments', rest[0])) {
    return ['arguments', rest[0]];
  }
  if (has('settings', first)) {
    return ['settings', first];
  }
  return schema.properties && first in schema.properties ? [first] : null;
}
