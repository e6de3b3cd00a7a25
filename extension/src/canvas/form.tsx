// The property form: JupyterLab's own form component, fed with the JSON Schema that Python gives.
import { FormComponent } from '@jupyterlab/ui-components';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { ErrorSchema, FieldProps, RJSFSchema, UiSchema, ValidatorType } from '@rjsf/utils';
import React from 'react';

export interface FormProps {
  schema: RJSFSchema;
  data: ReadonlyJSONObject;
  faults: readonly string[];
  readOnly: boolean;
  change: (data: ReadonlyJSONObject) => void;
}

export function Form({ schema, data, faults, readOnly, change }: FormProps): JSX.Element {
  const { atFields, others } = shareOut(faults, schema);
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
        schema={{ ...schema, title: undefined, description: undefined }}
        uiSchema={appearance(schema, schema)}
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
function JsonField({ formData, onChange, id, idSchema, name, schema, readonly }: FieldProps): JSX.Element {
  const [text, setText] = React.useState(asText(formData));
  const [writing, setWriting] = React.useState(false);
  const label = schema.title ?? name;
  return (
    <div className="tg-json" title={schema.description}>
      <label htmlFor={id ?? idSchema.$id}>{label}</label>
      <input
        id={id ?? idSchema.$id}
        type="text"
        className="form-control"
        spellCheck={false}
        readOnly={readonly}
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

const FIELDS = { json: JsonField };

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

/** Which fields have no widget of their own: those whose schema leaves the type open. */
function appearance(schema: RJSFSchema, root: RJSFSchema, depth = 0): UiSchema<ReadonlyJSONObject> {
  const ui: UiSchema<ReadonlyJSONObject> = {};
  if (depth > 6) {
    return ui; // a schema that refers to itself
  }
  for (const [name, given] of Object.entries(schema.properties ?? {})) {
    const own = typeof given === 'object' ? resolved(given, root) : {};
    ui[name] = isOpen(own) ? { 'ui:field': 'json' } : appearance(own, root, depth + 1);
  }
  if (typeof schema.additionalProperties === 'object') {
    const own = resolved(schema.additionalProperties, root);
    ui.additionalProperties = isOpen(own) ? { 'ui:field': 'json' } : appearance(own, root, depth + 1);
  }
  return ui;
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
  const atFields: Record<string, { __errors: string[] }> = {};
  const others: string[] = [];
  for (const fault of faults) {
    const field = Object.keys(schema.properties ?? {}).find(
      name => fault.startsWith(`${name}:`) || quotes(fault, name)
    );
    if (field) {
      (atFields[field] ??= { __errors: [] }).__errors.push(fault);
    } else {
      others.push(fault);
    }
  }
  return { atFields: atFields as ErrorSchema, others };
}

function quotes(text: string, name: string): boolean {
  return [`'${name}'`, `"${name}"`, `\`${name}\``].some(quoted => text.includes(quoted));
}
