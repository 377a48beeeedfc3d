-- What adapters and the modules they use say of their own accord, in other languages: English text -> {language = text}.
--
-- Not what portals say. What comes after ": " ("Text message: *** 12") stays as it is; a key that ends with a blank is only a beginning.
local switched = { es = "Desactive la verificación en dos pasos y guarde." }

return {
  -- What the engine says once the customer is signed in.
  ["Signed in. The meters are being read."] = { es = "Sesión iniciada. Se están leyendo los medidores." },
  -- How to switch two-step verification off (mfa.steps).
  ["Sign in at ameren.com."] = { es = "Inicie sesión en ameren.com." },
  ["Sign in at eservice.hawaiianelectric.com."] = { es = "Inicie sesión en eservice.hawaiianelectric.com." },
  ["Open My Account at nvenergy.com and go to the security settings of your profile."] =
    { es = "Abra My Account en nvenergy.com y vaya a los ajustes de seguridad de su perfil." },
  ["Sign in at nj.myaccount.pseg.com and open the security settings."] =
    { es = "Inicie sesión en nj.myaccount.pseg.com y abra los ajustes de seguridad." },
  ["Sign in at www.sce.com and open your account settings."] = { es = "Inicie sesión en www.sce.com y abra los ajustes de su cuenta." },
  ["Sign in at myaccount.socalgas.com."] = { es = "Inicie sesión en myaccount.socalgas.com." },
  ["Sign in at myenergycenter.com."] = { es = "Inicie sesión en myenergycenter.com." },
  ["Sign in at account.tep.com."] = { es = "Inicie sesión en account.tep.com." },
  ["Sign in at my.xcelenergy.com."] = { es = "Inicie sesión en my.xcelenergy.com." },
  ["Open your profile and its security settings."] = { es = "Abra su perfil y los ajustes de seguridad." },
  ["Open the security settings of your profile."] = { es = "Abra los ajustes de seguridad de su perfil." },
  ["Open the settings of your login."] = { es = "Abra los ajustes de su inicio de sesión." },
  ["Open Log In and Security."] = { es = "Abra Log In and Security (inicio de sesión y seguridad)." },
  ["Open My Profile."] = { es = "Abra My Profile (mi perfil)." },
  ["Find multi-factor authentication there."] = { es = "Busque allí la verificación en dos pasos (multi-factor authentication)." },
  ["Switch it off and save."] = { es = "Desactívela y guarde." },
  ["Switch multi-factor authentication off, and save."] = { es = "Desactive la verificación en dos pasos (multi-factor authentication) y guarde." },
  ["Switch two-step verification off, and save."] = switched,
  ["Switch 2-step verification off, and save."] = { es = "Desactive la verificación en dos pasos (2-step verification) y guarde." },
  ["Switch 2-factor authentication off, and save."] = { es = "Desactive la verificación en dos pasos (2-factor authentication) y guarde." },
  ["Switch the extra verification step off, and save."] = { es = "Desactive el paso de verificación adicional y guarde." },
  ["Switch the second factor off, if it can be."] = { es = "Desactive el segundo paso, si es posible." },

  -- What to choose by.
  ["How do you want to confirm that it is you?"] = { es = "¿Cómo quiere confirmar que es usted?" },
  ["How should the sign-in be confirmed?"] = { es = "¿Cómo se debe confirmar el inicio de sesión?" },
  ["How do you want to receive the code?"] = { es = "¿Cómo quiere recibir el código?" },
  ["How do you want to receive your code?"] = { es = "¿Cómo quiere recibir el código?" },
  ["How should the code be sent?"] = { es = "¿Cómo se debe enviar el código?" },
  ["Where should the code be sent?"] = { es = "¿Adónde se debe enviar el código?" },
  ["Which phone should be used?"] = { es = "¿Qué teléfono se debe usar?" },
  ["Another way"] = { es = "Otra forma" },
  ["Text message"] = { es = "Mensaje de texto" },
  ["Text message to "] = { es = "Mensaje de texto al " },
  ["Voice call"] = { es = "Llamada" },
  ["Phone call to "] = { es = "Llamada al " },
  ["Email"] = { es = "Correo electrónico" },
  ["Email to "] = { es = "Correo electrónico a " },
  ["Phone"] = { es = "Teléfono" },
  ["Phone "] = { es = "Teléfono " },
  ["Push notification"] = { es = "Notificación en su dispositivo" },
  ["Authenticator app"] = { es = "Aplicación de autenticación" },
  ["Security question"] = { es = "Pregunta de seguridad" },
  ["Security token"] = { es = "Dispositivo de seguridad" },

  -- What is asked.
  ["Enter your verification code"] = { es = "Escriba su código de verificación" },
  ["Enter the code that was sent by text message"] = { es = "Escriba el código que llegó por mensaje de texto" },
  ["Enter the code that was sent by email"] = { es = "Escriba el código que llegó por correo electrónico" },
  ["Enter the code that was sent to your phone"] = { es = "Escriba el código que llegó a su teléfono" },
  ["Enter the code that the utility sent"] = { es = "Escriba el código que envió la compañía" },
  ["Enter the code that the utility sent you"] = { es = "Escriba el código que le envió la compañía" },
  ["Enter the code that the voice call tells"] = { es = "Escriba el código que le dicta la llamada" },
  ["Enter the code that a call told you"] = { es = "Escriba el código que le dictó la llamada" },
  ["Enter the code of your authenticator app"] = { es = "Escriba el código de su aplicación de autenticación" },
  ["Enter the code that your security token shows"] = { es = "Escriba el código que muestra su dispositivo de seguridad" },
  ["Answer the call and press the key that it asks for"] = { es = "Conteste la llamada y pulse la tecla que le pida" },
  ["Answer your security question"] = { es = "Responda a su pregunta de seguridad" },
  ["Answer your security questions"] = { es = "Responda a sus preguntas de seguridad" },
  ["Approve the sign-in on your device"] = { es = "Apruebe el inicio de sesión en su dispositivo" },
  ["The utility asks you to accept its terms."] = { es = "La compañía le pide que acepte sus condiciones." },
}
