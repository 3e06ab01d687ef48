/** GetTemplate, ValidateTemplate, ListExports, ListImports. */
import type {
  GetTemplateInput,
  GetTemplateOutput,
  ListExportsOutput,
  ListImportsInput,
  ListImportsOutput,
  ValidateTemplateInput,
  ValidateTemplateOutput,
} from '@aws-sdk/client-cloudformation';
import type { Engine } from '../engine/engine.ts';
import { validationError } from '../errors.ts';
import { parseTemplate } from '../template/parse.ts';
import { changeSetOf } from './change-set-record.ts';
import { findStack } from './describe-stacks.ts';

export function getTemplateOperation(engine: Engine) {
  return (raw: GetTemplateInput): GetTemplateOutput => {
    const changeSet =
      raw.ChangeSetName === undefined
        ? undefined
        : changeSetOf(engine, raw.ChangeSetName, raw.StackName);
    const body =
      changeSet === undefined
        ? findStack(engine, raw.StackName ?? '').templateBody
        : changeSet.input.templateBody;
    return { TemplateBody: body, StagesAvailable: ['Original', 'Processed'] };
  };
}

export function validateTemplateOperation(_engine: Engine) {
  return async (raw: ValidateTemplateInput): Promise<ValidateTemplateOutput> => {
    if (raw.TemplateBody === undefined) {
      throw validationError('Give the template as TemplateBody: TemplateURL is not built here.');
    }
    const template = await parseTemplate(raw.TemplateBody);
    return {
      ...(template.description === undefined ? {} : { Description: template.description }),
      Parameters: Object.entries(template.parameters).map(([ParameterKey, parameter]) => ({
        ParameterKey,
        NoEcho: parameter.noEcho,
        ...(parameter.default === undefined ? {} : { DefaultValue: parameter.default }),
        ...(parameter.description === undefined ? {} : { Description: parameter.description }),
      })),
    };
  };
}

export function listExportsOperation(engine: Engine) {
  return (): ListExportsOutput => ({
    Exports: [...engine.records.exports()].map(([Name, { value, stack }]) => ({
      ExportingStackId: stack.stackId,
      Name,
      Value: value,
    })),
  });
}

export function listImportsOperation(engine: Engine) {
  return (raw: ListImportsInput): ListImportsOutput => {
    const name = raw.ExportName ?? '';
    const Imports = engine.records.importers(name);
    if (Imports.length > 0) return { Imports };
    throw validationError(`Export '${name}' is not imported by any stack.`);
  };
}
