# What the collector does with a line of one of FTL's own nodes, for Logstash: the same lines are records, and a record has the same
# ID, so that it does not matter which way a line came, or that it came both ways. Needs nothing but Ruby's standard library.
require 'digest'
require 'json'

module FtlRecord
  # Longest line that is parsed, in characters.
  MAX_LENGTH = 4_000_000

  # Fields that ECS loggers write dotted and others nested.
  NESTED = [['log', %w[level logger]], ['ecs', %w[version]], ['trace', %w[id]]].freeze

  # Why a line is no record.
  class NoRecord < StandardError; end

  # A record with its ID, made of the line as the node wrote it.
  Found = Struct.new(:id, :record)

  # Checks records against their JSON Schema. Knows the keywords that the schema of a record uses, and says so if it meets another.
  class Schema
    IGNORED = %w[$schema $defs additionalProperties].freeze
    KEYWORDS = %w[type properties required pattern enum const minLength maxLength minimum maximum items anyOf $ref].freeze

    def initialize(schema)
      @root = schema
      @patterns = {}
      prepare(schema)
    end

    # The first thing that does not fit, as "path: what", or nil.
    def fault(value, schema = @root, path = '')
      schema = @root['$defs'].fetch(schema['$ref'].delete_prefix('#/$defs/')) if schema.key?('$ref')
      if schema.key?('anyOf')
        fits = schema['anyOf'].any? { |one| fault(value, one, path).nil? }
        return fits ? nil : say(path, 'fits none of what is allowed')
      end
      wrong_type(value, schema, path) || wrong_value(value, schema, path) || wrong_inside(value, schema, path)
    end

    private

    def prepare(schema)
      unknown = schema.keys - IGNORED - KEYWORDS
      raise ArgumentError, "the record's schema has keywords unknown here: #{unknown.join(', ')}" unless unknown.empty?

      pattern = schema['pattern']
      # Ruby's ^ and $ stand for lines, JSON Schema's for the whole text.
      @patterns[pattern] ||= Regexp.new(pattern.sub(/\A\^/, '\A').sub(/\$\z/, '\z')) unless pattern.nil?
      inner = schema.fetch('properties', {}).values + schema.fetch('$defs', {}).values + schema.fetch('anyOf', [])
      inner << schema['items'] if schema.key?('items')
      inner.each { |one| prepare(one) }
    end

    def wrong_type(value, schema, path)
      types = Array(schema['type'])
      fits = types.empty? || types.any? { |type| type?(value, type) }
      fits ? nil : say(path, "no #{types.join(' or ')}")
    end

    def type?(value, type)
      case type
      when 'object' then value.is_a?(Hash)
      when 'array' then value.is_a?(Array)
      when 'string' then value.is_a?(String)
      when 'boolean' then value == true || value == false
      when 'null' then value.nil?
      when 'number' then number?(value)
      when 'integer' then number?(value) && value == value.floor
      end
    end

    def number?(value)
      value.is_a?(Integer) || (value.is_a?(Float) && value.finite?)
    end

    def wrong_value(value, schema, path)
      return say(path, 'not one of the values that are allowed') if schema.key?('enum') && !schema['enum'].include?(value)
      return say(path, "not #{schema['const']}") if schema.key?('const') && schema['const'] != value
      return wrong_text(value, schema, path) if value.is_a?(String)
      return nil unless value.is_a?(Numeric)

      too_small = schema.key?('minimum') && value < schema['minimum']
      too_large = schema.key?('maximum') && value > schema['maximum']
      too_small || too_large ? say(path, 'out of range') : nil
    end

    def wrong_text(text, schema, path)
      return say(path, 'too short') if schema.key?('minLength') && text.length < schema['minLength']
      return say(path, 'too long') if schema.key?('maxLength') && text.length > schema['maxLength']
      return nil unless schema.key?('pattern')

      @patterns.fetch(schema['pattern']).match?(text) ? nil : say(path, 'not of the form that is asked for')
    end

    def wrong_inside(value, schema, path)
      case value
      when Hash
        missing = schema.fetch('required', []).find { |name| !value.key?(name) }
        return say(join(path, missing), 'is missing') unless missing.nil?

        first(schema.fetch('properties', {})) { |name, inner| value.key?(name) ? fault(value[name], inner, join(path, name)) : nil }
      when Array
        schema.key?('items') ? first(value.each_with_index) { |item, at| fault(item, schema['items'], join(path, at)) } : nil
      end
    end

    def first(pairs)
      pairs.each do |one, other|
        found = yield(one, other)
        return found unless found.nil?
      end
      nil
    end

    def join(path, name)
      path.empty? ? name.to_s : "#{path}.#{name}"
    end

    def say(path, what)
      "#{path.empty? ? '(record)' : path}: #{what}"
    end
  end

  module_function

  # The record of a line. Raises NoRecord.
  def read(line, schema)
    raise NoRecord, "#{line.length} characters, at most #{MAX_LENGTH} are parsed" if line.length > MAX_LENGTH

    record = dotted(parse(line))
    fault = schema.fault(record)
    raise NoRecord, fault unless fault.nil?
    # Only who follows a stream may say what is wrong with it, not a line in it.
    raise NoRecord, 'a stream.check is not for a line to say' if record['ftl']['point'] == 'stream.check'

    name = record['service.node.name']
    # Without it the ID hangs on the name of the stream, which FTL knows and a filter does not.
    raise NoRecord, 'service.node.name: is missing' if name.nil?

    Found.new(id_of(name, line), record)
  end

  # First 16 hex digits of SHA-256(name, 0x00, line, 0x00, "0"): of the octets in UTF-8, whatever encoding the strings carry.
  def id_of(name, line)
    Digest::SHA256.hexdigest("#{name}\u0000".b + line.b + "\u00000".b)[0, 16]
  end

  def parse(line)
    value = JSON.parse(line)
    raise NoRecord, 'not a JSON object' unless value.is_a?(Hash)

    value
  rescue JSON::ParserError => e
    raise NoRecord, "no JSON: #{e.message[0, 200]}"
  end

  def dotted(value)
    NESTED.each { |group, names| lift(value, value[group], group, names) }
    service = value['service']
    if service.is_a?(Hash)
      node = service['node']
      lift(value, node, 'service.node', ['name'])
      service.delete('node') if node.is_a?(Hash) && node.empty?
      lift(value, service, 'service', ['type'])
    end
    value
  end

  # A dotted field that is there already stands; what is unknown in the group stays in it.
  def lift(top, group, path, names)
    return unless group.is_a?(Hash)

    names.each do |name|
      next unless group.key?(name)

      moved = group.delete(name)
      top["#{path}.#{name}"] = moved unless top.key?("#{path}.#{name}")
    end
    top.delete(path) if group.empty? && !path.include?('.')
  end
end
