import CPCRE2

/// A compiled `pattern`.
///
/// `@unchecked Sendable`: the compiled code is written by `init` alone and freed by `deinit` alone; PCRE2 documents that
/// matching only reads it, so that threads may share it (pcre2api(3), MULTITHREADING).
final class Pattern: @unchecked Sendable {
    /// The expression as the schema has it.
    let source: String
    fileprivate let code: OpaquePointer

    init(_ source: String) throws(ECMAPattern.Refusal) {
        let translated = try ECMAPattern.translate(source)
        var number: Int32 = 0
        var offset = 0
        let options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF | PCRE2_NEVER_BACKSLASH_C
        let bytes = Array(translated.utf8)
        guard let code = pcre2_compile_8(bytes, bytes.count, options, &number, &offset, nil) else {
            var message = [UInt8](repeating: 0, count: 160)
            let length = pcre2_get_error_message_8(number, &message, message.count)
            throw ECMAPattern.Refusal(reason: String(decoding: message.prefix(Int(max(length, 0))), as: UTF8.self))
        }
        // Where memory may not be made executable this fails, and matching is interpreted.
        _ = pcre2_jit_compile_8(code, PCRE2_JIT_COMPLETE)
        self.source = source
        self.code = code
    }

    deinit { pcre2_code_free_8(code) }
}

/// What matching needs besides the pattern; one for each validation.
struct PatternMatcher: ~Copyable {
    enum Outcome { case matches, differs, undecided }

    private let data: OpaquePointer
    private let context: OpaquePointer
    /// How many matches were given up; after too many none is begun.
    private(set) var undecided = 0

    init() {
        guard let data = pcre2_match_data_create_8(1, nil), let context = pcre2_match_context_create_8(nil) else {
            fatalError("out of memory")
        }
        pcre2_set_heap_limit_8(context, 20_000)  // KiB
        (self.data, self.context) = (data, context)
    }

    deinit {
        pcre2_match_data_free_8(data)
        pcre2_match_context_free_8(context)
    }

    /// Looks for the pattern anywhere in `text`, which is valid UTF-8. The work allowed grows with the text's length, so
    /// that a document's work is bounded by its size.
    mutating func match(_ pattern: Pattern, _ text: UnsafeBufferPointer<UInt8>) -> Outcome {
        guard undecided < 20 else { return .undecided }
        pcre2_set_match_limit_8(context, UInt32(clamping: 50_000 + 200 * text.count))
        let base = text.baseAddress ?? UnsafePointer(bitPattern: 8)
        var result = pcre2_match_8(pattern.code, base, text.count, 0, PCRE2_NO_UTF_CHECK, data, context)
        if result == PCRE2_ERROR_JIT_STACKLIMIT {
            result = pcre2_match_8(pattern.code, base, text.count, 0, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, data, context)
        }
        if result >= 0 { return .matches }
        if result == PCRE2_ERROR_NOMATCH { return .differs }
        undecided += 1
        return .undecided
    }
}
